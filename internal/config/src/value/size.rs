//! Sizes such as `10GB` (decimal), `512MiB` (binary) or plain bytes.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::{ValueError, schema_of};

/// A number of bytes, from 1 to what a signed 64-bit number holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

const UNITS: [(&str, u64); 8] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

const RIGHT: &str =
    "use a whole number of bytes, or one with a unit KB, MB, GB, TB, KiB, MiB, GiB or TiB";

impl ByteSize {
    /// So many times 10^9 bytes.
    pub(crate) const fn gigabytes(count: u32) -> Self {
        Self(count as u64 * 1_000_000_000)
    }

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for ByteSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let unit = unit.trim_start();
        let scale = match UNITS.iter().find(|(name, _)| *name == unit) {
            Some((_, scale)) => Some(*scale),
            None => (unit.is_empty() || unit == "B").then_some(1),
        };
        let (Some(scale), false) = (scale, number.is_empty()) else {
            return Err(ValueError::new(format!("{text:?} is not a size"), RIGHT));
        };
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale));
        match bytes.filter(|bytes| (1..=i64::MAX.unsigned_abs()).contains(bytes)) {
            Some(bytes) => Ok(Self(bytes)),
            None => Err(ValueError::new(
                format!("{text} is out of range"),
                "use a size from 1 byte to 9000000TB",
            )),
        }
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS.iter().find(|(_, scale)| self.0.is_multiple_of(*scale)) {
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None => write!(f, "{}", self.0),
        }
    }
}

impl serde::Serialize for ByteSize {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Bytes(u64),
            Text(String),
        }

        let text = match Form::deserialize(deserializer)? {
            Form::Bytes(bytes) => bytes.to_string(),
            Form::Text(text) => text,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

schema_of!(ByteSize, "ByteSize", {
    "type": ["string", "integer"],
    "minimum": 1,
    "pattern": r"^[0-9]+ *([KMGT]i?B|B)?$",
    "x-kind": "size",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_printed() {
        for (text, bytes, printed) in [
            ("10GB", 10_000_000_000, "10GB"),
            ("50 GB", 50_000_000_000, "50GB"),
            ("512MiB", 512 << 20, "512MiB"),
            ("1TiB", 1 << 40, "1TiB"),
            ("2TB", 2_000_000_000_000, "2TB"),
            ("1500KB", 1_500_000, "1500KB"),
            ("1KiB", 1_024, "1KiB"),
            ("1025", 1_025, "1025"),
            ("7B", 7, "7"),
        ] {
            let read: ByteSize = text.parse().unwrap();
            assert_eq!((read.bytes(), read.to_string().as_str()), (bytes, printed), "{text}");
            assert_eq!(read.to_string().parse(), Ok(read));
        }
    }

    #[test]
    fn what_is_no_size_says_what_would_be() {
        let range = "use a size from 1 byte to 9000000TB";
        for (text, message) in [
            ("", format!("\"\" is not a size; {RIGHT}")),
            ("GB", format!("\"GB\" is not a size; {RIGHT}")),
            ("1.5GB", format!("\"1.5GB\" is not a size; {RIGHT}")),
            ("10 elephants", format!("\"10 elephants\" is not a size; {RIGHT}")),
            ("-1", format!("\"-1\" is not a size; {RIGHT}")),
            ("0", format!("0 is out of range; {range}")),
            ("99999999TB", format!("99999999TB is out of range; {range}")),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap_err().to_string(), message);
        }
    }
}
