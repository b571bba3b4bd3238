//! YAML -> validated [`Config`]: the only room that knows YAML.
//!
//! Every key is one documented field of a struct in `section`. What a key may hold is written once,
//! as attributes of that field; from them come the JSON Schema for editors ([`json_schema`]), the
//! checks, and the words of the error messages, so that they cannot disagree. What concerns two
//! keys at once is in `relations`.
//!
//! ```
//! use config::{Config, Overrides};
//!
//! let text = "partitions:\n  count: 0\n";
//! let error = Config::parse(text, "dev.yaml", &Overrides::default()).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "dev.yaml:2: partitions.count: 0 is out of range; use a whole number from 1 to 100000"
//! );
//! ```

mod by_hand;
mod check;
mod error;
mod key;
mod load;
mod overrides;
mod read;
mod relations;
mod schema;
mod section;
mod seek;
mod value;
mod words;
mod yaml;

pub use error::{ConfigError, Problem};
pub use load::{OfferedLoad, drain_bound, offered_load, weights};
pub use overrides::{Overrides, parse_setting};
pub use schema::json_schema;
pub use section::*;
pub use value::{ByteSize, Interval, Millis, RestartAfter, Secret, ServerUrls, ValueError};
