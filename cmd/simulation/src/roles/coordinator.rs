//! The role that leads and judges, alone: it can be killed and go on from its checkpoint while the
//! others work.

use ::coordinator::{Coordinator, Progress, Stopped};
use history::Pace;
use model::watch;

use super::connect;
use crate::all_in_one::Parts;
use crate::connect::{Connector, NatsConnector};
use crate::failure::Failure;
use crate::setup::Setup;
use crate::verdict::Ending;
use crate::watching::Watching;
use crate::{checkpoints, events, histories, progress, resume, signals, verdict};

/// Leads and judges the run.
pub async fn coordinator(mut setup: Setup, parts: Parts) -> Result<u8, Failure> {
    let stop = signals::stop_on_signal()?;
    let Parts { source, dir, reproduce, found } = parts;
    let (broker, resumed) = match found {
        Some(found) => {
            let broker = NatsConnector::new(&setup, None).connect("coordinator").await?;
            let resumed = resume::begin(&mut setup, &broker, found, Stopped::Coordinator).await?;
            (broker, Some(resumed))
        }
        None => (connect(&setup, "coordinator", setup.config.nats.existing).await?, None),
    };
    let (told, shown) = watch::channel(Progress::default());
    let asked = Some(NatsConnector::new(&setup, None));
    let watching = Watching::begin(&setup, shown.clone(), asked, None, None).await?;
    watching.shared().set_run(setup.seen(setup.clock.started_at(), &reproduce, false));
    let (events, writing) = events::in_background(&dir.events(), watching.shared())?;
    let showing = progress::begin(shown, &setup);
    let mut settings = setup.coordinator();
    let keeper = checkpoints::in_files(&setup, dir.path())?;
    settings.checkpoint = checkpoints::plan(&setup, keeper, None);
    let recorder = histories::recorder(&setup, &dir, resumed.as_ref(), Pace::Real)?;
    settings.resume = resumed;
    println!("✓ coordinator started");
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let coordinator = Coordinator::new(broker, names, channel, settings, told, events);
    let conducted = coordinator.recorded_by(recorder).run(stop).await;
    showing.abort();
    events::written(writing).await;
    let conducted = conducted?;
    let interrupted = conducted.interrupted;
    let (at, resources) = (setup.clock.now(), watching.resources());
    let ending = Ending { at, resources, reproduce, virtual_time: None };
    let report = verdict::give(&setup, conducted, ending, &dir, &watching.shared())?;
    watching.shared().farewell(&report).await;
    if interrupted && setup.config.checkpoint.enabled {
        println!("Go on: {}", resume::command(&source));
    }
    Ok(report.exit_code)
}
