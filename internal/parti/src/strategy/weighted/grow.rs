//! Joiners get their share from those who have most.
//!
//! Rounds of a [`Market`], each with its own rule of what a giver offers:
//!
//! 1. *boulders*: who owns most in pieces so heavy that it matters where they lie gives some of
//!    these, while the joiners have room for them;
//! 2. *rocks*: the most loaded members give what they own above the fair share, in the heaviest
//!    pieces that fit;
//! 3. *crumbs*: joiners still short get light pieces, from whoever is left with most;
//! 4. *relief*: giving rocks can leave old members uneven. Who is above the bound gives to whoever
//!    is below the share, then who is far below the share gets crumbs.
//!
//! The whole costs at most 1.2 times what was needed, but that nobody is left with nothing.

use super::market::{Market, Offer, Rule};
use super::state::State;
use crate::strategy::Seat;
use crate::strategy::share::Share;

const BOULDERS: Rule = Rule { rank: |market, seat| market.boulders(seat), piece: boulder };
const ROCKS: Rule = Rule { rank: |market, seat| market.load(seat), piece: rock };
const CRUMBS: Rule = Rule { rank: |market, seat| market.load_after_lightest(seat), piece: crumb };

/// Fills the joiners. Every move leaves both members with less than the giver had.
pub(super) fn fill_joiners(state: &mut State<'_>, joiners: &[Seat], share: Share) {
    let Share { level, .. } = share;
    let bound = share.attainable_bound(state.input);
    let seats = state.input.members().seats();
    let elders: Vec<_> = seats.filter(|seat| joiners.binary_search(seat).is_err()).collect();
    let needed = needed(state, &elders, joiners, Share { level, bound });
    let mut market = Market::new(state, Share { level, bound }, needed + needed / 5);

    let rocky: Vec<_> = elders.iter().copied().filter(|&s| market.boulders(s) > 0).collect();
    market.trade(&rocky, joiners, &BOULDERS);
    market.trade(&elders, joiners, &ROCKS);
    // Ranking everybody takes longer than all the rest, and who is full takes no crumbs.
    if joiners.iter().any(|&seat| market.load(seat) < level.max(1)) {
        market.trade(&elders, joiners, &CRUMBS);
    }

    let (above, below) = (market.seats(|load| load > bound), market.seats(|load| load < level));
    market.trade(&above, &below, &ROCKS);
    let far = level - level / 10;
    let (others, far_below) = (market.seats(|load| load >= far), market.seats(|load| load < far));
    market.trade(&others, &far_below, &CRUMBS);
}

/// What joiners lack, or what others have above the bound, if that is more.
fn needed(state: &State<'_>, elders: &[Seat], joiners: &[Seat], share: Share) -> u64 {
    let lack = |&seat: &Seat| share.level.saturating_sub(state.load(seat));
    let excess = |&seat: &Seat| state.load(seat).saturating_sub(share.bound);
    let lacking: u64 = joiners.iter().map(lack).sum();
    lacking.max(elders.iter().map(excess).sum())
}

/// The heaviest piece that leaves the giver its share and fits into the taker's, else the heaviest
/// that brings the giver nearer to the share from below; but gravel is left for later. A giver
/// above the bound may fill the taker up to the bound. A piece that would sit alone anyway stays,
/// unless the giver keeps as much: its company is what has to go.
fn boulder(offer: &mut Offer<'_, '_>) -> Option<usize> {
    let (surplus, half_gap) = (offer.surplus(), offer.half_gap());
    let room = offer.room(if offer.rich > offer.bound { offer.bound } else { offer.level });
    let room = room.min(offer.level.max(offer.rich / 2));
    let pressing = if offer.rich > offer.bound { half_gap } else { 0 };
    [surplus, half_gap.min(surplus * 2), pressing].into_iter().find_map(|limit| {
        offer.heaviest(room.min(limit)).filter(|&place| offer.weight(place) > offer.gravel)
    })
}

/// The heaviest piece that leaves the giver its share and fits into the taker's, else, from a giver
/// above the bound, any that the taker can bear.
fn rock(offer: &mut Offer<'_, '_>) -> Option<usize> {
    let fine = offer.heaviest(offer.room(offer.level).min(offer.surplus()));
    if fine.is_some() || offer.rich <= offer.bound {
        return fine;
    }
    offer.heaviest(offer.room(offer.bound).min(offer.half_gap()))
}

/// The lightest piece that fits into the taker's share; whoever has nothing takes any piece.
fn crumb(offer: &mut Offer<'_, '_>) -> Option<usize> {
    let lightest = offer.lightest()?;
    let fits = lightest <= offer.room(offer.level).min(offer.half_gap());
    let better_than_nothing = offer.poor == 0 && lightest < offer.rich;
    (fits || better_than_nothing).then_some(0)
}
