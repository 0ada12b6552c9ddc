//! Downloads files.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rustls::crypto::ring;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::Agent;

use super::add::write_checked;
use crate::model::ManifestFile;
use crate::Error;

/// How long a host may take to answer at all.
const ANSWER: Duration = Duration::from_secs(60);

/// Whether a source is an address rather than a path.
pub(super) fn is_address(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

/// What downloads files, by way of the proxy that the environment names, and with the system's certificates.
pub(super) struct Download {
    agent: Agent,
}

impl Download {
    /// One that gives a file up after so many seconds.
    pub(super) fn new(timeout: u64) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .timeout_connect(Some(ANSWER))
            .timeout_recv_response(Some(ANSWER))
            .timeout_global(Some(Duration::from_secs(timeout)))
            .user_agent(concat!("glossa/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        Download { agent: config.into() }
    }

    /// Downloads a file to `place`, and checks it: see [`write_checked`].
    ///
    /// # Errors
    /// `file_missing` if the host says so, `file_unreadable`, `file_mismatch`.
    pub(super) fn file(&self, address: &str, file: &ManifestFile, exact: bool, place: &Path) -> Result<(), Error> {
        let mut answer = self.agent.get(address).call().map_err(|error| match error {
            ureq::Error::StatusCode(404 | 410) => Error::FileMissing { file: address.into() },
            error => Error::FileUnreadable { file: address.into(), reason: error.to_string() },
        })?;
        let body = answer.body_mut();
        let bar = bar(body.content_length(), address);
        write_checked(body.as_reader(), address, file, exact, place, |read| bar.set_position(read))?;
        bar.finish_and_clear();
        Ok(())
    }
}

/// A bar on a terminal, nothing elsewhere.
fn bar(length: Option<u64>, address: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {binary_bytes} of {binary_total_bytes}, {eta} left  {msg}");
    let bar = length.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(address.to_string())
}
