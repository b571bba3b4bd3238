//! A reader that fails on purpose when it arrives at a key: the place of its error is the place of
//! the key, whatever the format and however the text is laid out. It knows serde, but no format.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::key::{KeyPath, Step};

/// Fails at the place that is sought: the first step, and the steps below it.
#[derive(Clone, Copy)]
pub(crate) struct Seek<'a>((&'a Step, &'a [Step]));

impl<'a> Seek<'a> {
    /// Seeks a key; nothing to seek for the empty path.
    pub(crate) fn to(path: &'a KeyPath) -> Option<Self> {
        path.0.split_first().map(Self)
    }
}

/// Fails wherever it is: a visitor accepts nothing unless it says so.
struct Here;

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key that is sought")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let (first, below) = self.0;
        for place in 0.. {
            let more = match below.split_first() {
                _ if *first != Step::Index(place) => list.next_element::<IgnoredAny>()?.is_some(),
                Some(below) => list.next_element_seed(Seek(below))?.is_some(),
                None => list.next_element_seed(Here)?.is_some(),
            };
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (first, below) = self.0;
        while let Some(found) = map.next_key_seed(Name { sought: first, stop: below.is_empty() })? {
            match below.split_first() {
                Some(below) if found => map.next_value_seed(Seek(below))?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Here {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("to stop here")
    }
}

/// A key: is it the one that is sought? Fails there if that is the end of the path.
struct Name<'a> {
    sought: &'a Step,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        let found = matches!(self.sought, Step::Key(sought) if sought == key);
        if found && self.stop {
            return Err(E::custom("here"));
        }
        Ok(found)
    }
}
