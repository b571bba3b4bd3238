//! A run as it is looked at: what happened is folded into who lives, who owns what, what broke and
//! how fast everything went. The live page and `report.html` show the same [`View`].
//!
//! The fold is pure: every time is in what it is told. Everything in it is bounded, however long the
//! run: lists drop their oldest entries, curves get coarser. Each entry knows in which version of the
//! view it changed last, so that [`View::since`] tells a reader only what it has not seen.

mod beaten;
mod map;
mod members;
mod newest;
mod run;
mod series;
mod shown;
mod view;

pub use map::{Change, Ownerships};
pub use members::{MemberState, ProducerState};
pub use run::Run;
pub use series::Point;
pub use shown::{Curve, Held, Member, Now, Producer, Seat, Shown};
pub use view::View;
