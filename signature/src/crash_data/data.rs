//! The input of signatures.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::scalar::Scalar;

/// Maximum frames examined, counting inlined functions.
pub const FRAME_LIMIT: usize = 40;

/// Maximum threads kept when reading: more than any process has, but it bounds memory.
pub(super) const THREAD_LIMIT: usize = 10_000;

/// The input of a crash's signature; every part may be missing.
///
/// [`CrashData::from_json`] reads it from JSON; unknown keys are ignored. Frames have many strings, so these are
/// borrowed from the document where it has them without escapes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CrashData<'a> {
    /// The index of the crashing thread; negative values count from the end. 0 if unknown.
    #[serde(deserialize_with = "null_is_default")]
    pub crashing_thread: i64,
    /// Whether it is known that no thread crashed, or none that has a stack; `crashing_thread` then means nothing.
    /// Siggen's schema cannot express this, so it comes only from processed crashes.
    #[serde(skip)]
    pub no_crashing_thread: bool,
    /// The threads with their frames. At most 10,000 are kept when reading.
    #[serde(borrow, deserialize_with = "first_items_or_null::<THREAD_LIMIT, _, _>")]
    pub threads: Vec<Thread<'a>>,
    /// The operating system; module names are case-insensitive if it is `Windows NT`.
    pub os: Option<String>,
    /// The crash reason, such as `EXCEPTION_STACK_OVERFLOW`.
    pub reason: Option<String>,
    /// The stack trace of a Java crash. A value that is not a string makes a signature that says so.
    pub java_stack_trace: Option<Value>,
    /// The Java exception as an object. Its form is checked on use.
    pub java_exception: Option<Value>,
    /// The size of the allocation that failed, in bytes.
    #[serde(borrow)]
    pub oom_allocation_size: Option<Scalar<'a>>,
    /// `Reporting` if a large allocation of the JavaScript engine failed.
    pub js_large_allocation_failure: Option<String>,
    /// The abort message.
    pub abort_message: Option<String>,
    /// What blocked the shutdown, as JSON in a string.
    pub async_shutdown_timeout: Option<String>,
    /// The error of an IPC channel.
    pub ipc_channel_error: Option<String>,
    /// The names of the additional minidumps.
    #[serde(deserialize_with = "null_is_default")]
    pub additional_minidumps: Vec<String>,
    /// The name of the IPC message being handled.
    pub ipc_message_name: Option<String>,
    /// The stackwalker's status, such as `OK`.
    pub mdsw_status_string: Option<String>,
    /// The kind of hang, such as `ui`; an empty string counts as a hang.
    pub hang: Option<String>,
    /// The crash's previous signature.
    #[serde(rename = "original_signature")]
    pub original: Option<String>,
    /// What was left out because of its type. Becomes the first notes.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// A thread.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Thread<'a> {
    /// Its frames, innermost first. At most [`FRAME_LIMIT`] are kept when reading.
    #[serde(borrow, deserialize_with = "first_items::<FRAME_LIMIT, _, _>")]
    pub frames: Vec<Frame<'a>>,
    /// The last error of the thread on Windows, such as `ERROR_NOT_ENOUGH_MEMORY`.
    pub last_error_value: Option<String>,
    /// Why the frames are unusable: what is ill-typed. The frame rule fails with this.
    #[serde(skip)]
    pub problem: Option<String>,
}

/// A frame of a native stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Frame<'a> {
    /// The function.
    #[serde(borrow, deserialize_with = "text")]
    pub function: Option<Cow<'a, str>>,
    /// The module, such as `xul.dll`.
    #[serde(borrow, deserialize_with = "text")]
    pub module: Option<Cow<'a, str>>,
    /// The source file, in one of the forms of symbol files (`hg:root:path:revision`).
    #[serde(borrow, deserialize_with = "text")]
    pub file: Option<Cow<'a, str>>,
    /// The line in the source file.
    #[serde(borrow)]
    pub line: Option<Scalar<'a>>,
    /// The absolute address, in hexadecimal.
    #[serde(borrow)]
    pub offset: Option<Scalar<'a>>,
    /// The functions inlined here, innermost first.
    #[serde(borrow, deserialize_with = "first_items_or_null::<FRAME_LIMIT, _, _>")]
    pub inlines: Vec<Inline<'a>>,
    /// Modules that were loaded at the address earlier and no longer are.
    #[serde(deserialize_with = "first_items_or_null::<FRAME_LIMIT, _, _>")]
    pub unloaded_modules: Vec<UnloadedModule>,
}

/// A function inlined into a frame.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Inline<'a> {
    /// The function.
    #[serde(borrow, deserialize_with = "text")]
    pub function: Option<Cow<'a, str>>,
    /// The source file.
    #[serde(borrow, deserialize_with = "text")]
    pub file: Option<Cow<'a, str>>,
    /// The line in the source file.
    #[serde(borrow)]
    pub line: Option<Scalar<'a>>,
}

/// A module that is no longer loaded.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UnloadedModule {
    /// Its name.
    pub module: Option<String>,
}

/// Reads a string or null, borrowed if possible. By itself, an optional `Cow` is always read as owned.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let text: Option<Text<'de>> = Option::deserialize(deserializer)?;
    Ok(text.map(|text| text.0))
}

fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A value that must be an object. A derived reader would also accept a list of the fields' values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// The first objects of a list, as many as can matter; the rest are skipped.
struct FirstItems<const LIMIT: usize, T>(Vec<T>);

impl<'de, const LIMIT: usize, T: Deserialize<'de>> Deserialize<'de> for FirstItems<LIMIT, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemsVisitor<const LIMIT: usize, T>(PhantomData<T>);
        impl<'de, const LIMIT: usize, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<LIMIT, T> {
            type Value = FirstItems<LIMIT, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut first = Vec::new();
                while first.len() < LIMIT {
                    match items.next_element()? {
                        Some(Object(item)) => first.push(item),
                        None => return Ok(FirstItems(first)),
                    }
                }
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(FirstItems(first))
            }
        }
        deserializer.deserialize_seq(ItemsVisitor(PhantomData))
    }
}

fn first_items<'de, const LIMIT: usize, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(FirstItems::<LIMIT, T>::deserialize(deserializer)?.0)
}

fn first_items_or_null<'de, const LIMIT: usize, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let items: Option<FirstItems<LIMIT, T>> = Option::deserialize(deserializer)?;
    Ok(items.map(|items| items.0).unwrap_or_default())
}

impl<'a> CrashData<'a> {
    /// Returns the thread that crashed, if its stack is available.
    pub(crate) fn crashed(&self) -> Option<&Thread<'a>> {
        match self.no_crashing_thread {
            true => None,
            false => self.thread(self.crashing_thread),
        }
    }

    /// Returns the thread at an index, counted from the end if negative.
    pub(crate) fn thread(&self, index: i64) -> Option<&Thread<'a>> {
        self.threads.get(position(index, self.threads.len())?)
    }
}

/// Returns the position of an index in a list of that length; negative indexes count from the end.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let position = if index < 0 {
        i64::try_from(length).ok()?.checked_add(index)?
    } else {
        index
    };
    usize::try_from(position).ok()
}
