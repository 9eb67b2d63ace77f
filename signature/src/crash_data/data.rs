//! What signatures are made of.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::scalar::Scalar;

/// How many frames are looked at, inlined functions counted.
pub const FRAME_LIMIT: usize = 40;

/// How many threads are kept when reading, more than any process has; so that memory is bounded.
pub(super) const THREAD_LIMIT: usize = 10_000;

/// What the signature of a crash is made of; every part may be missing.
///
/// It can be read from JSON with [`CrashData::from_json`]; unknown keys are ignored. The texts of
/// frames, of which there are many, are borrowed from the document as far as they stand there
/// without escapes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CrashData<'a> {
    /// The index of the thread that crashed; negative ones count from the end. 0 if unknown.
    #[serde(deserialize_with = "null_is_default")]
    pub crashing_thread: i64,
    /// Whether it is known that no thread crashed, or none that there is a stack of; then
    /// `crashing_thread` means nothing. Siggen's schema cannot say this: it comes out of a
    /// processed crash only.
    #[serde(skip)]
    pub no_crashing_thread: bool,
    /// The threads with their frames. No more than 10,000 are kept when reading.
    #[serde(borrow, deserialize_with = "first_items_or_null::<THREAD_LIMIT, _, _>")]
    pub threads: Vec<Thread<'a>>,
    /// The operating system; names of modules do not depend on case if it is `Windows NT`.
    pub os: Option<String>,
    /// The crash reason, such as `EXCEPTION_STACK_OVERFLOW`.
    pub reason: Option<String>,
    /// The stack trace of a Java crash as text. Anything else than a text makes a signature that
    /// says so.
    pub java_stack_trace: Option<Value>,
    /// The Java exception as an object. Its form is checked when it is used.
    pub java_exception: Option<Value>,
    /// The size of the allocation that failed, in bytes.
    #[serde(borrow)]
    pub oom_allocation_size: Option<Scalar<'a>>,
    /// `Reporting` if a large allocation of the JavaScript engine failed.
    pub js_large_allocation_failure: Option<String>,
    /// The message of an abort.
    pub abort_message: Option<String>,
    /// What kept the shutdown from ending, JSON in a text.
    pub async_shutdown_timeout: Option<String>,
    /// The error of an IPC channel.
    pub ipc_channel_error: Option<String>,
    /// The names of the minidumps beside the main one.
    #[serde(deserialize_with = "null_is_default")]
    pub additional_minidumps: Vec<String>,
    /// The name of the IPC message being handled.
    pub ipc_message_name: Option<String>,
    /// What the stackwalker answered, such as `OK`.
    pub mdsw_status_string: Option<String>,
    /// The kind of hang, such as `ui`; an empty text counts as a hang.
    pub hang: Option<String>,
    /// The signature that the crash had before.
    #[serde(rename = "original_signature")]
    pub original: Option<String>,
    /// What had another type than it should and was left out. Becomes the first notes.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// A thread.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Thread<'a> {
    /// Its frames, innermost first. No more than [`FRAME_LIMIT`] are kept when reading.
    #[serde(borrow, deserialize_with = "first_items::<FRAME_LIMIT, _, _>")]
    pub frames: Vec<Frame<'a>>,
    /// The last error of the thread on Windows, such as `ERROR_NOT_ENOUGH_MEMORY`.
    pub last_error_value: Option<String>,
    /// Why the frames cannot be used: what is ill-typed. The frame rule fails with this.
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
    /// The absolute address, hexadecimal.
    #[serde(borrow)]
    pub offset: Option<Scalar<'a>>,
    /// The functions inlined at this place, innermost first.
    #[serde(borrow, deserialize_with = "first_items_or_null::<FRAME_LIMIT, _, _>")]
    pub inlines: Vec<Inline<'a>>,
    /// Modules that were at the address before and are not loaded any more.
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

/// A module that is not loaded any more.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UnloadedModule {
    /// Its name.
    pub module: Option<String>,
}

/// A text or null, borrowed if possible. By itself an optional `Cow` is always read as an owned one.
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

/// A value that must be an object. A derived reader would take a list of the fields' values too.
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

/// The first objects of a list, as many as can matter; the others are only skipped.
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
    /// The thread that crashed, if its stack is there.
    pub(crate) fn crashed(&self) -> Option<&Thread<'a>> {
        match self.no_crashing_thread {
            true => None,
            false => self.thread(self.crashing_thread),
        }
    }

    /// The thread at an index, counted from the end if negative.
    pub(crate) fn thread(&self, index: i64) -> Option<&Thread<'a>> {
        self.threads.get(position(index, self.threads.len())?)
    }
}

/// The place in a list of that length at an index, which counts from the end if negative.
pub(super) fn position(index: i64, length: usize) -> Option<usize> {
    let position = if index < 0 {
        i64::try_from(length).ok()?.checked_add(index)?
    } else {
        index
    };
    usize::try_from(position).ok()
}
