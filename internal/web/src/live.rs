//! The run as it happens, as server-sent events: first a `snapshot`, then a `delta` whenever something
//! changed, four a second at the most. The `id` of each is the version of the view.
//!
//! Nobody is sent anything: each client asks the view what changed since it was told last, as soon as
//! its connection takes more. So one that is slow costs one answer, is told less often, and is gone
//! when its connection's life is over; the run never waits for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use coordinator::{Event, Progress, Report};
use futures_util::stream;
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use view::{Shown, View};

use crate::Shared;
use crate::door::Door;

/// Clients at once; it leaves connections for everybody else.
const CLIENTS_MAX: usize = 48;
/// From one event to the next, at least.
const PACE: Duration = Duration::from_millis(250);
/// A sign of life when nothing happens: whoever is in between drops what is silent.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// Then a client is asked to come again, before its connection's life is over in the middle of an
/// event.
const LIFE: Duration = Duration::from_secs(240);
/// How long the last event of a run may take to reach everybody.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// The view of a run, and who looks at it; clones are the same.
#[derive(Clone)]
pub(crate) struct Live {
    view: Arc<Mutex<View>>,
    /// The newest version.
    version: watch::Sender<u64>,
    clients: Arc<Semaphore>,
}

impl Live {
    pub fn new(view: View) -> Self {
        let clients = Arc::new(Semaphore::new(CLIENTS_MAX));
        Self { view: Arc::new(Mutex::new(view)), version: watch::Sender::new(1), clients }
    }

    pub fn happened(&self, events: &[Event]) {
        self.change(|view| events.iter().for_each(|event| view.happened(event)));
    }

    pub fn progress(&self, progress: &Progress) {
        self.change(|view| view.progress(progress));
    }

    pub fn judged(&self, report: &Report) {
        self.change(|view| view.judged(report.verdict, &report.totals));
    }

    /// The view as it is now.
    pub fn view(&self) -> View {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until everybody who looks has been told the end, but not for long.
    pub async fn farewell(&self) {
        let all = self.clients.acquire_many(u32::try_from(CLIENTS_MAX).unwrap_or(u32::MAX));
        if timeout(FAREWELL_MAX, all).await.is_err() {
            tracing::debug!("somebody who looked at the run was not told its end in time");
        }
    }

    fn change(&self, change: impl FnOnce(&mut View)) {
        let mut view = self.view.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut view);
        self.version.send_replace(view.version());
    }

    fn since(&self, version: u64) -> Shown {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).since(version)
    }
}

/// What a client may do to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Allowed {
    /// Nothing.
    None,
    /// Whatever it likes, if it has the token.
    Token,
    /// Whatever it likes.
    Open,
}

/// What the page needs.
#[derive(Clone)]
struct Context {
    shared: Shared,
    door: Door,
}

pub(crate) fn routes(shared: Shared, door: Door) -> Router {
    Router::new().route("/live", get(live)).with_state(Context { shared, door })
}

impl Context {
    fn allowed(&self, head: &HeaderMap) -> Allowed {
        match self.shared.chaos() {
            None => Allowed::None,
            Some(_) if self.door.is_loopback() && self.door.admit(head, None).is_ok() => {
                Allowed::Open
            }
            Some(by_hand) if !self.door.is_loopback() && by_hand.token.is_some() => Allowed::Token,
            Some(_) => Allowed::None,
        }
    }
}

/// What a client is told besides what the view shows.
#[derive(Serialize)]
struct Told {
    #[serde(flatten)]
    shown: Shown,
    /// Whether the client may break the run, and what it needs for it.
    by_hand: Allowed,
}

/// One client.
struct Client {
    live: Live,
    by_hand: Allowed,
    /// What it was told up to.
    told: u64,
    /// When it may be told more.
    next: Instant,
    /// When it has to come again.
    until: Instant,
    changes: watch::Receiver<u64>,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

async fn live(State(context): State<Context>, head: HeaderMap) -> Response {
    let Some(live) = context.shared.live() else {
        return (StatusCode::NOT_FOUND, "no run is judged here: ask its coordinator\n")
            .into_response();
    };
    let Ok(place) = live.clients.clone().try_acquire_owned() else {
        let soon = [(RETRY_AFTER, HeaderValue::from_static("5"))];
        let why = "too many look at this run already; close a page, or try again\n";
        return (StatusCode::SERVICE_UNAVAILABLE, soon, why).into_response();
    };
    let client = Client::new(live.clone(), context.allowed(&head), place);
    let events = stream::unfold(client, |client| client.next());
    let head = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (head, Body::from_stream(events)).into_response()
}

impl Client {
    fn new(live: Live, by_hand: Allowed, place: OwnedSemaphorePermit) -> Self {
        let (now, changes) = (Instant::now(), live.version.subscribe());
        let (told, next, until, is_over) = (0, now, now + LIFE, false);
        Self { live, by_hand, told, next, until, changes, is_over, _place: place }
    }

    /// The next piece of its answer, when there is one.
    async fn next(mut self) -> Option<(Result<Bytes, serde_json::Error>, Self)> {
        if self.is_over || Instant::now() >= self.until {
            return None;
        }
        sleep_until(self.next).await;
        let told = self.told;
        let changed = timeout(HEARTBEAT, self.changes.wait_for(|version| *version > told)).await;
        match changed.map(|changed| changed.is_ok()) {
            Ok(true) => {}
            Ok(false) => return None,
            Err(_) => return Some((Ok(Bytes::from_static(b": nothing new\n\n")), self)),
        }
        self.next = Instant::now() + PACE;
        let shown = self.live.since(told);
        self.told = shown.version;
        self.is_over = shown.now.verdict != coordinator::Verdict::Running;
        let name = if told == 0 { "retry: 1000\nevent: snapshot" } else { "event: delta" };
        let told = Told { shown, by_hand: self.by_hand };
        let event = serde_json::to_string(&told)
            .map(|json| format!("{name}\nid: {}\ndata: {json}\n\n", self.told).into());
        Some((event, self))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use coordinator::Totals;
    use view::Run;

    use super::*;

    pub fn run() -> Run {
        Run {
            seed: 1,
            commit: String::new(),
            reproduce: String::new(),
            started_at: model::Timestamp(0),
            duration_seconds: 60.0,
            weights: vec![1; 4],
            load_bound: 1.1,
            producers: 1,
            is_virtual: false,
        }
    }

    fn live() -> Live {
        Live::new(View::new(run()))
    }

    fn client(live: &Live) -> Client {
        let place = live.clients.clone().try_acquire_owned().expect("a place");
        Client::new(live.clone(), Allowed::None, place)
    }

    fn go_on(live: &Live, seconds: f64) {
        let elapsed = Duration::from_secs_f64(seconds);
        live.progress(&Progress { elapsed, ..Progress::default() });
    }

    async fn told(client: Client) -> (String, Client) {
        let (bytes, client) = client.next().await.expect("more");
        (String::from_utf8(bytes.expect("JSON").to_vec()).expect("text"), client)
    }

    #[tokio::test(start_paused = true)]
    async fn everything_first_then_what_changed_four_times_a_second() {
        let live = live();
        let (snapshot, mut client) = told(client(&live)).await;
        assert!(snapshot.starts_with("retry: 1000\nevent: snapshot\nid: 1\ndata: {"), "{snapshot}");
        assert!(snapshot.ends_with("}\n\n") && snapshot.contains("\"by_hand\":\"none\""));
        let begun = Instant::now();
        for round in 1..=8_u32 {
            // Much happens; it is told at once.
            (0..100).for_each(|n| go_on(&live, f64::from(round * 100 + n)));
            let (delta, next) = told(client).await;
            assert!(delta.starts_with(&format!("event: delta\nid: {}\n", round * 100 + 1)));
            assert!(!delta.contains("\"run\""), "only what changed");
            client = next;
        }
        assert_eq!(begun.elapsed(), PACE * 8);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_a_sign_of_life() {
        let live = live();
        let (_, client) = told(client(&live)).await;
        let begun = Instant::now();
        let (sign, client) = told(client).await;
        assert_eq!((sign.as_str(), begun.elapsed()), (": nothing new\n\n", PACE + HEARTBEAT));
        go_on(&live, 1.0);
        assert!(told(client).await.0.starts_with("event: delta"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_asked_to_come_again() {
        let live = live();
        let mut looking = client(&live);
        let begun = Instant::now();
        while let Some((_, next)) = looking.next().await {
            assert!(begun.elapsed() < LIFE * 2, "it is never asked");
            looking = next;
        }
        assert!((LIFE..LIFE + HEARTBEAT + PACE).contains(&begun.elapsed()));
        assert_eq!(live.clients.available_permits(), CLIENTS_MAX, "its place is free");
    }

    #[tokio::test(start_paused = true)]
    async fn the_verdict_is_the_last_word_and_is_waited_for() {
        let live = live();
        let (_, looking) = told(client(&live)).await;
        live.change(|view| view.judged(coordinator::Verdict::Pass, &Totals::default()));
        let (last, looking) = told(looking).await;
        assert!(last.contains("\"verdict\":\"pass\""), "{last}");
        assert!(looking.next().await.is_none());
        let begun = Instant::now();
        live.farewell().await;
        assert_eq!(begun.elapsed(), Duration::ZERO, "everybody was told");
        // One that does not take it is waited for, but not for ever.
        let _slow = client(&live);
        live.farewell().await;
        assert_eq!(begun.elapsed(), FAREWELL_MAX);
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let live = live();
        let places: Vec<_> = (0..CLIENTS_MAX).map(|_| client(&live)).collect();
        assert!(live.clients.clone().try_acquire_owned().is_err());
        drop(places);
        assert_eq!(live.clients.available_permits(), CLIENTS_MAX);
    }
}
