//! Runs documents on several threads and keeps the results in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use glossa_ner::Error;

use crate::Failure;

/// Calls `run` for all items on several threads, and `take` on this thread with the results, in the order of the items.
/// An error of `take` ends it.
pub(crate) fn in_order<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    run: impl Fn(&T) -> Result<R, Error> + Sync,
    mut take: impl FnMut(&T, Result<R, Error>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..threads.min(items.len()) {
            let (sender, next, run) = (sender.clone(), &next, &run);
            scope.spawn(move || loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(i) else { break };
                // The receiver is dropped once `take` has failed.
                if sender.send((i, run(item))).is_err() {
                    break;
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut taken = 0;
        for (i, result) in receiver {
            waiting.insert(i, result);
            while let Some(result) = waiting.remove(&taken) {
                take(&items[taken], result)?;
                taken += 1;
            }
        }
        Ok(())
    })
}
