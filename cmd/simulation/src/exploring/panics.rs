//! Panics of one seed's run, wherever they are: a task that panics ends silently, and the run goes
//! on without it. Everything of a run is on one thread, so it is the thread that remembers; a panic of the judge,
//! which has its own, is one of whoever asks it.

use std::cell::RefCell;

thread_local! {
    /// What was said by panics of this thread since it began to listen.
    static SAID: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// From now on, panics of threads that listen are remembered and not printed.
pub fn remember() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let heard = SAID.with(|said| match &mut *said.borrow_mut() {
            Some(said) => {
                said.push(panic.to_string());
                true
            }
            None => false,
        });
        if !heard {
            print(panic);
        }
    }));
}

/// Does something, and gives what its panics said, if there were any.
pub fn listen<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    SAID.with(|said| said.replace(Some(Vec::new())));
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(what));
    let said = SAID.with(|said| said.replace(None)).unwrap_or_default();
    match (done, said.into_iter().next()) {
        (Ok(done), None) => Ok(done),
        (_, said) => Err(said.unwrap_or_else(|| "a panic without a word".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_heard_wherever_it_is() {
        remember();
        assert_eq!(listen(|| 3), Ok(3));
        let here = listen(|| panic!("here")).unwrap_err();
        assert!(here.contains("here") && here.contains("panics.rs"), "{here}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let in_a_task = listen(|| {
            runtime.block_on(async {
                let _ = tokio::spawn(async { panic!("in a task") }).await;
                3
            })
        });
        assert!(in_a_task.unwrap_err().contains("in a task"));
        assert_eq!(listen(|| 4), Ok(4), "what was heard before is forgotten");
    }
}
