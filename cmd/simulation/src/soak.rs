//! One run on a broker that is there, real or virtual: producers, workers and chaos act, the
//! coordinator judges.

use std::sync::Arc;
use std::time::Duration;

use chaos::{Command, Director, Position};
use checkpoint::RunKeeper;
use coordinator::{
    ChaosPosition, Conducted, Coordinator, CoordinatorSettings, Event, Progress, Stopped,
};
use history::Pace;
use model::watch;
use reports::Phase;
use tokio::sync::mpsc;

use crate::connect::Connector;
use crate::crew::{Crew, Processes};
use crate::failure::Failure;
use crate::rehearsal::{self, Rehearsal};
use crate::resume::Found;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::{checkpoints, histories, resume, streams};

/// How long workers and producers may still take when the run is judged.
const LEAVE_MAX: Duration = Duration::from_secs(10);

/// What a soak works with, besides its configuration.
pub struct Soak<C: Connector> {
    /// To the broker.
    pub connector: C,
    /// Runs children, if anybody is to be one.
    pub processes: Option<Processes>,
    /// What chaos is told by hand.
    pub orders: mpsc::Receiver<Command>,
    /// Where it tells how it is going.
    pub told: watch::Sender<Progress>,
    /// Where it tells what happens.
    pub events: mpsc::Sender<Vec<Event>>,
    /// Where it leaves its schedule and its history.
    pub dir: Option<RunDir>,
    /// Who keeps its checkpoints, if there are any.
    pub keeper: Option<Arc<RunKeeper>>,
    /// Whether it goes on while its history waits for the disk.
    pub pace: Pace,
    /// The checkpoint that it goes on from.
    pub found: Option<Found>,
    /// Ends it before its time.
    pub stop: watch::Receiver<bool>,
    /// Says on stdout what a person waits for.
    pub aloud: bool,
}

/// Runs to the end. Gives back the setup with the clock of the run.
pub async fn soak<C: Connector>(
    mut setup: Setup,
    run: Soak<C>,
) -> Result<(Setup, Conducted), Failure> {
    let Soak { connector, processes, orders, told, events, dir, keeper, pace, .. } = run;
    let Soak { found, stop, aloud, .. } = run;
    let broker = connector.connect("coordinator").await?;
    let resumed = match found {
        Some(found) => Some(resume::begin(&mut setup, &broker, found, Stopped::Everything).await?),
        None => {
            streams::prepare(&setup, &broker).await?;
            None
        }
    };
    let shown = told.subscribe();
    let settings = setup.director(resumed.as_ref());
    let (position, chaos) = watch::channel(ChaosPosition::default());
    let mut judged_by = setup.coordinator();
    if let Some(dir) = &dir {
        dir.schedule(&settings.schedule)?;
    }
    let rehearsal = Rehearsal::of(&setup, keeper.as_ref());
    judged_by.checkpoint = checkpoints::plan(&setup, keeper, Some(chaos));
    judged_by.resume = resumed;
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let judge = |settings: CoordinatorSettings| {
        let (broker, names, channel) = (broker.clone(), names.clone(), channel.clone());
        let record = |dir| histories::recorder(&setup, dir, settings.resume.as_ref(), pace);
        let recorder = dir.as_ref().map(record).transpose()?.flatten();
        let (told, events) = (told.clone(), events.clone());
        let coordinator = Coordinator::new(broker, names, channel, settings, told, events);
        Ok(coordinator.recorded_by(recorder))
    };
    let judging = rehearsal::lead(&setup, broker.clone(), rehearsal, judged_by, stop, judge);
    // Boxed, so that the future of a run is not too deep for the compiler.
    let acting = Box::pin(async {
        let crew = Crew::new(&setup, connector.clone(), processes).await?;
        let broker = connector.connect("chaos").await?;
        let (names, channel) = (setup.names.clone(), setup.channel.clone());
        let direct = |crew| {
            let clock = setup.clock;
            let director = Director::new(broker, names, channel, clock, settings, crew, orders);
            tokio::spawn(report_position(director.position(), position));
            director
        };
        act(&setup, crew, direct, phases(shown), aloud).await
    });
    let conducted = together(judging, acting).await?;
    Ok((setup, conducted))
}

/// Judges to the end. Whoever acts ends with it, or is dropped: without a broker nobody can leave.
async fn together(
    judging: impl Future<Output = Result<Conducted, Failure>>,
    acting: impl Future<Output = Result<(), Failure>>,
) -> Result<Conducted, Failure> {
    tokio::pin!(judging, acting);
    let mut acts = true;
    let conducted = loop {
        tokio::select! {
            biased;
            conducted = &mut judging => break conducted?,
            acted = &mut acting, if acts => {
                acted?;
                acts = false;
            }
        }
    };
    if acts {
        match tokio::time::timeout(LEAVE_MAX, acting).await {
            Ok(acted) => acted?,
            Err(_) => tracing::warn!("workers and producers did not end in {LEAVE_MAX:?}; dropped"),
        }
    }
    Ok(conducted)
}

/// Tells the checkpoints how far chaos is, as long as there is chaos.
async fn report_position(
    mut chaos: watch::Receiver<Position>,
    checkpoints: watch::Sender<ChaosPosition>,
) {
    loop {
        let Position { through, next_fault_id } = *chaos.borrow_and_update();
        checkpoints.send_replace(ChaosPosition { elapsed: through, next_fault: next_fault_id });
        if chaos.changed().await.is_err() {
            return;
        }
    }
}

/// The phase alone, out of the progress; the end of the coordinator is the end of the run.
fn phases(mut progress: watch::Receiver<Progress>) -> watch::Receiver<Phase> {
    let (tell, phase) = watch::channel(Phase::Running);
    tokio::spawn(async move {
        while progress.changed().await.is_ok() {
            let now = progress.borrow_and_update().phase;
            tell.send_if_modified(|phase| std::mem::replace(phase, now) != now);
        }
        tell.send_replace(Phase::Done);
    });
    phase
}

/// Producers, workers and chaos, through the phases of the run.
async fn act<C: Connector, B: broker::Log>(
    setup: &Setup,
    mut crew: Crew<C>,
    direct: impl FnOnce(Crew<C>) -> Director<B, Crew<C>>,
    mut phase: watch::Receiver<Phase>,
    aloud: bool,
) -> Result<(), Failure> {
    crew.start_all(setup).await?;
    if aloud {
        println!("✓ Simulation started");
    }
    if aloud && setup.config.chaos.enabled {
        println!("✓ Chaos controller started");
        println!("  {} events planned", setup.schedule().len());
    }
    let mut crew = direct(crew).run(phase.clone()).await;
    crew.finish_producers().await;
    // Should the coordinator be gone, its end is the end of the run, too.
    let _ = phase.wait_for(|phase| *phase == Phase::Done).await;
    crew.leave_all().await;
    Ok(())
}
