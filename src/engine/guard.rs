//! Turns panics of the libraries that read and run graphs into errors: a graph is untrusted, and they do not check
//! everything.

use std::cell::Cell;
use std::panic::{self, catch_unwind, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is inside a call whose panics become errors.
fn is_guarded() -> bool {
    GUARDED.get()
}

/// For programs: prints nothing of panics that become errors, and leaves the others to the hook that there is. To be called
/// behind whatever else sets a hook; only the first call does something.
pub fn quiet_guarded_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_guarded() {
                hook(info);
            }
        }));
    });
}

/// Runs `work`; a panic in it is an error with the panic's message. Where panics abort, as in WebAssembly, there is nothing
/// to catch.
///
/// What `work` changes must be of no use after a panic: callers drop it.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let outer = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(outer);
    done.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        text.map_or_else(|| "it panicked".into(), |text| text.lines().next().unwrap_or_default().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        assert_eq!(guarded(|| 3), Ok(3));
        let number = 7;
        assert_eq!(guarded(|| -> u8 { panic!("of {number}\nand more") }), Err("of 7".into()));
        assert!(!is_guarded());
        assert_eq!(guarded(is_guarded), Ok(true));
    }
}
