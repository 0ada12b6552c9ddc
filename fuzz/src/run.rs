//! Runs surfaces on their inputs without libFuzzer, the same inputs each time: the seeds, then as many mutations of them as
//! wanted. What panics, takes too long or takes too much memory is written down, so that it can be replayed.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{exit, Command};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use sha2::{Digest, Sha256};

use crate::{mutate, quiet_guarded_panics, repository, Surface, LONGEST_INPUT};

/// The most processor time that an execution may take; the slowest take some hundred milliseconds. The clock would tell how
/// busy the machine is.
pub const LONGEST: Duration = Duration::from_secs(5);
/// The longest that an execution may take by the clock: one that waits for ever takes no processor time.
pub const LONGEST_WAIT: Duration = Duration::from_secs(120);
/// The most memory that the process may take, in bytes.
pub const MOST_MEMORY: u64 = 1 << 30;
/// How often time and memory are looked at.
const PAUSE: Duration = Duration::from_millis(10);

/// The execution that is under way.
static CURRENT: Mutex<Option<Execution>> = Mutex::new(None);

struct Execution {
    input: Vec<u8>,
    since: Instant,
    /// The processor time of the process when it began.
    processor: Duration,
}

/// The input of a number: first come the seeds, then mutations of them.
pub fn input(surface: &Surface, seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    if let Some(seed) = usize::try_from(number).ok().and_then(|number| seeds.get(number)) {
        return seed.clone();
    }
    let mut random = Rng::with_seed(number);
    let seed = |random: &mut Rng| seeds[random.usize(..seeds.len())].clone();
    let mut input = seed(&mut random);
    if random.u8(..12) == 0 {
        mutate::cross(&mut input, &seed(&mut random), &mut random);
    }
    for _ in 0..random.usize(1..4) {
        (surface.mutate)(&mut input, &mut random);
    }
    input.truncate(LONGEST_INPUT);
    input
}

/// Runs a surface on its seeds and `times` its number of mutations, from the number `from` on, and returns how many executions
/// that were. Ends the process at the first that fails, with what to do.
pub fn run(surface: &'static Surface, from: u64, times: u64) -> u64 {
    quiet_guarded_panics();
    thread::spawn(move || watch(surface));
    let seeds = surface.seeds();
    let progress = progress(surface);
    let last = seeds.len() as u64 + surface.executions * times;
    for number in from..last {
        // A stack that overflows ends the process without a word: `supervise` reads which input that was.
        progress.write_all_at(&number.to_le_bytes(), 0).expect("a file to write to");
        execute(surface, input(surface, &seeds, number));
    }
    last - from
}

/// Runs a surface on one input, as [`run`] does.
pub fn replay(surface: &'static Surface, input: Vec<u8>) {
    quiet_guarded_panics();
    thread::spawn(move || watch(surface));
    execute(surface, input);
}

/// Runs `program run SURFACE TIMES` in a process of its own.
///
/// # Errors
/// Why it failed, if it did; also when the process was killed.
pub fn supervise(program: &Path, surface: &'static Surface, times: u64) -> Result<(), String> {
    let status = Command::new(program).args(["run", surface.name, &times.to_string()]).status();
    let status = status.map_err(|error| format!("{}: {error}", program.display()))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(_) => Err(format!("{}: see above", surface.name)),
        None => {
            let mut number = [0; 8];
            progress(surface).read_exact_at(&mut number, 0).map_err(|error| error.to_string())?;
            let input = input(surface, &surface.seeds(), u64::from_le_bytes(number));
            Err(describe(surface, &input, &format!("the process was ended: {status}")))
        }
    }
}

fn execute(surface: &Surface, input: Vec<u8>) {
    let since = Instant::now();
    let processor = processor_time();
    *CURRENT.lock().expect("a lock") = Some(Execution { input: input.clone(), since, processor });
    let done = catch_unwind(AssertUnwindSafe(|| surface.check(&input)));
    *CURRENT.lock().expect("a lock") = None;
    if done.is_err() {
        fail(surface, &input, "it panicked");
    }
    // Memory that is given back between two looks is seen by its peak; taking much takes time.
    if since.elapsed() > Duration::from_millis(1) && memory("VmHWM:") > MOST_MEMORY {
        fail(surface, &input, "it took too much memory");
    }
}

/// Ends the process when an execution takes too much.
fn watch(surface: &Surface) {
    loop {
        thread::sleep(PAUSE);
        let current = CURRENT.lock().expect("a lock");
        let Some(Execution { input, since, processor }) = &*current else { continue };
        if processor_time().saturating_sub(*processor) > LONGEST || since.elapsed() > LONGEST_WAIT {
            fail(surface, input, "it takes too long");
        }
        if memory("VmRSS:") > MOST_MEMORY {
            fail(surface, input, "it takes too much memory");
        }
    }
}

/// The processor time that the process has taken, in steps of ten milliseconds; 0 where the system does not tell.
fn processor_time() -> Duration {
    // Fields 14 and 15, counted behind the name in parentheses, which is the second.
    let status = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    let ticks: u64 = fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// A line of the process's status in bytes; 0 where there is none.
fn memory(line: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status.lines().find_map(|found| found.strip_prefix(line));
    let kilobytes = found.and_then(|found| found.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}

fn fail(surface: &Surface, input: &[u8], reason: &str) -> ! {
    eprintln!("{}", describe(surface, input, reason));
    exit(1);
}

/// Writes an input down, and says what happened and how to see it again.
fn describe(surface: &Surface, input: &[u8], reason: &str) -> String {
    let hash: String = Sha256::digest(input).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let file = folder("found").join(format!("{}-{hash}", surface.name));
    let written = fs::write(&file, input).map_or_else(|error| format!(" ({error})"), |()| String::new());
    let (name, file) = (surface.name, file.display());
    format!("{name}: {reason}\n  the input: {file}{written}\n  again: target/release/glossa-fuzz replay {name} {file}")
}

/// The file with the number of the execution that is under way.
fn progress(surface: &Surface) -> File {
    let file = folder("progress").join(surface.name);
    File::options().read(true).write(true).create(true).truncate(false).open(file).expect("a file to write to")
}

fn folder(name: &str) -> PathBuf {
    let folder = repository().join("target/fuzz").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder.canonicalize().expect("a folder")
}
