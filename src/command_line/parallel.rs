//! Runs documents on several threads and keeps the results in order.

use std::collections::BTreeMap;
use std::sync::{mpsc, Mutex, PoisonError};

use crate::Error;

use crate::command_line::Failure;

/// How many items are under way for each thread: one that takes long must not keep the other threads waiting.
const AHEAD: usize = 8;

/// Calls `run` for all items on several threads, and `take` on this thread with the items and results, in the order of the items.
/// Items are asked for as they are needed. An error of `take` ends it.
pub(crate) fn in_order<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    threads: usize,
    run: impl Fn(&T) -> Result<R, Error> + Sync,
    mut take: impl FnMut(T, Result<R, Error>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut items = items.into_iter().enumerate();
    let (work, waiting) = mpsc::channel::<(usize, T)>();
    let (sender, receiver) = mpsc::channel();
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, waiting, run) = (sender.clone(), &waiting, &run);
            scope.spawn(move || loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((i, item)) = next else { break };
                let result = run(&item);
                // The receiver is dropped once `take` has failed.
                if sender.send((i, item, result)).is_err() {
                    break;
                }
            });
        }
        drop(sender);
        // Dropped at the end of this function's part, which ends the threads.
        let work = work;
        let mut done = BTreeMap::new();
        let (mut begun, mut taken) = (0, 0);
        loop {
            while begun - taken < AHEAD * threads {
                let Some(item) = items.next() else { break };
                begun += 1;
                if work.send(item).is_err() {
                    break;
                }
            }
            if begun == taken {
                return Ok(());
            }
            // All threads have ended if one of them panicked: the scope passes that on.
            let Ok((i, item, result)) = receiver.recv() else { return Ok(()) };
            done.insert(i, (item, result));
            while let Some((item, result)) = done.remove(&taken) {
                taken += 1;
                take(item, result)?;
            }
        }
    })
}
