//! The settings with the addresses of the sources, one for each row of a source that imports read.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use builds::SourceName;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use url::Url;

/// Domains that are Mozilla's, as the usual addresses of sources are.
const MOZILLAS: [&str; 4] = ["mozilla.org", "mozilla.net", "mozilla.com", "moz.tools"];

/// The section that the addresses stand in.
const SECTION: &str = "buildinfo.";

/// Where the sources are.
///
/// Each address is a service's root: what stands before `/api/search`, `/pub/` and `/1.0/`. What a record says about
/// its own address is stored, never fetched from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(BTreeMap<SourceName, Url>);

impl Default for Addresses {
    fn default() -> Self {
        let usual = |source: SourceName| {
            let address = source.row().address()?;
            let url = Url::parse(address.usual).expect("the usual address of a source is a URL");
            Some((source, url))
        };
        Self(SourceName::all().filter_map(usual).collect())
    }
}

impl Addresses {
    /// One address for all sources, as stand-ins have it.
    pub fn all_at(root: &Url) -> Self {
        let mut addresses = Self::default();
        for url in addresses.0.values_mut() {
            url.clone_from(root);
        }
        addresses
    }

    /// Where a source is; none if imports do not read it.
    pub fn of(&self, source: SourceName) -> Option<&Url> {
        self.0.get(&source)
    }

    /// Whether a source is where everybody's are: what is a site's own is not asked of it, not even by name. Only the
    /// host counts, however the address is written.
    pub fn is_usual(&self, source: SourceName) -> bool {
        self.of(source)
            .is_none_or(|url| host(url).is_some_and(|host| is_everybodys(&host)))
    }

    /// Says where a source is.
    pub fn set(&mut self, source: SourceName, root: Url) {
        self.0.insert(source, root);
    }

    /// Every address with the setting that holds it, in the order of the rows.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &Url)> {
        SourceName::all().filter_map(|source| Some((source.row().address()?.setting, self.0.get(&source)?)))
    }
}

/// The host of an address as hosts are compared.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?.trim_end_matches('.');
    Some(host.to_ascii_lowercase())
}

/// Whether a host is that of a usual address, or Mozilla's.
fn is_everybodys(there: &str) -> bool {
    let mut usual = SourceName::all().filter_map(|source| Url::parse(source.row().address()?.usual).ok());
    let lies_in = |domain: &str| {
        let rest = there.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    usual.any(|usual| host(&usual).as_deref() == Some(there)) || MOZILLAS.into_iter().any(lies_in)
}

/// The name of a setting within its section.
fn key(setting: &'static str) -> &'static str {
    setting.strip_prefix(SECTION).unwrap_or(setting)
}

/// The source whose address this setting is.
fn source_of(name: &str) -> Option<SourceName> {
    SourceName::all().find(|source| {
        source
            .row()
            .address()
            .is_some_and(|address| key(address.setting) == name)
    })
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (setting, url) in self.each() {
            map.serialize_entry(key(setting), url)?;
        }
        map.end()
    }
}

/// Of a map that holds other things too, as the first line of a capture.
impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given: BTreeMap<String, Url> = BTreeMap::deserialize(deserializer)?;
        let mut addresses = Self::default();
        for (name, url) in given {
            if let Some(source) = source_of(&name) {
                addresses.set(source, url);
            }
        }
        Ok(addresses)
    }
}

/// Addresses, the usual ones where none is given, and a struct of all other members. (Serde can do so itself, but then
/// neither refuses unknown names nor says where a wrong value stands.)
#[derive(Debug)]
pub(super) struct WithAddresses<T> {
    /// Where the sources are.
    pub(super) addresses: Addresses,
    /// The other members.
    pub(super) rest: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WithAddresses<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = WithAddresses<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        let mut addresses = Addresses::default();
        let others = Others {
            members,
            addresses: &mut addresses,
        };
        let rest = T::deserialize(MapAccessDeserializer::new(others))?;
        Ok(WithAddresses { addresses, rest })
    }
}

/// The members that are no address; those that are go where they belong.
struct Others<'a, A> {
    members: A,
    addresses: &'a mut Addresses,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Others<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.members.next_key::<String>()? {
            let Some(source) = source_of(&name) else {
                let name: StrDeserializer<'_, A::Error> = name.as_str().into_deserializer();
                return seed.deserialize(name).map(Some);
            };
            let url = self.members.next_value()?;
            self.addresses.set(source, url);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}
