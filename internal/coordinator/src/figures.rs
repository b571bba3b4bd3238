//! Figures for whoever looks on while the run lasts: how long things take, which faults happened, and
//! who owns how much. What is told of each worker or partition costs more than the rest, and is
//! worked out only where somebody asked.

use std::collections::BTreeMap;

use model::Durations;
use parti::MemberId;
use parti::records::Session;

use crate::judge::Judge;

/// How the load lies on the workers, and how long things take.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// What every worker that lives owns, if that was asked for.
    pub shares: BTreeMap<MemberId, Share>,
    /// From when a message was stored until its first effect was.
    pub end_to_end: Durations,
    /// How long each call of a handler took, as far as workers measure.
    pub processing: Durations,
    /// From when a message fell due until it was known to be stored, as far as producers measure.
    pub publishing: Durations,
    /// Messages that fell due and were never begun: too many waited before them.
    pub shed: u64,
    /// Faults that were carried out, by the name of the event.
    pub faults: BTreeMap<String, u64>,
    /// Every partition, if that was asked for.
    pub partitions: Vec<PartitionFigures>,
}

/// What one worker owns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Share {
    /// How many partitions.
    pub partitions: u32,
    /// Their weight as a share of the weight of all partitions: 0 to 1.
    pub load: f64,
}

/// One partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionFigures {
    /// Stored messages without an effect yet.
    pub in_flight: u64,
    /// Who owns it, if somebody does who lives.
    pub owner: Option<MemberId>,
}

/// How far figures go into detail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// The run as a whole.
    #[default]
    Run,
    /// Every worker.
    Workers,
    /// Every partition, too.
    Partitions,
}

impl Judge {
    /// The figures at this moment, in so much `detail`.
    pub fn figures(&self, detail: Detail) -> Figures {
        let producers = self.producers.sums();
        let mut figures = Figures {
            end_to_end: self.counts.end_to_end,
            processing: self.workers.sums().processing,
            publishing: producers.publishing,
            shed: producers.shed,
            faults: self.docket.faults.counts().clone(),
            ..Figures::default()
        };
        if detail >= Detail::Workers {
            figures.shares = self.shares();
        }
        if detail >= Detail::Partitions {
            figures.partitions = self.partition_figures();
        }
        figures
    }

    fn shares(&self) -> BTreeMap<MemberId, Share> {
        let settings = &self.docket.settings;
        let weights = settings.weights.as_ref();
        let mut held: BTreeMap<Session, (u32, u64)> = BTreeMap::new();
        for partition in (0..settings.partitions).map(model::PartitionId) {
            let Some(owner) = &self.seats.get(partition).owner else { continue };
            let weight = weights.and_then(|weights| weights.get(partition));
            let (count, load) = held.entry(owner.session).or_default();
            *count += 1;
            *load += weight.map_or(1, |weight| u64::from(weight.0));
        }
        let all = weights.map_or(u64::from(settings.partitions), |weights| weights.total());
        let current = self.group.members.values().filter_map(|member| member.current);
        let lives = current.filter_map(|session| Some((session, self.group.lives.get(&session)?)));
        lives
            .filter(|(_, life)| life.is_live())
            .map(|(session, life)| {
                let (partitions, load) = held.get(&session).copied().unwrap_or_default();
                let load = load as f64 / all.max(1) as f64;
                (life.member.clone(), Share { partitions, load })
            })
            .collect()
    }

    fn partition_figures(&self) -> Vec<PartitionFigures> {
        let live = |session| self.group.lives.get(&session).is_some_and(|life| life.is_live());
        let of = |account: &crate::account::Account| PartitionFigures {
            in_flight: account.pending.len() as u64 + account.passed.count(),
            owner: (self.seats.get(account.partition).owner.as_ref())
                .filter(|owner| live(owner.session))
                .map(|owner| owner.member.clone()),
        };
        self.accounts.iter().map(of).collect()
    }
}
