//! What a row of the table says of a field, and how rows are written.

/// The type of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A signed integer of at most 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// True or false.
    Boolean,
    /// A JSON object.
    Object,
    /// A JSON list.
    List,
}

/// Who may see a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Public,
    /// Holders of a token with permission to see protected data.
    Protected,
}

/// What a value consists of; in a list, what each of its items does. It says how much of a public value is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string, a number or a boolean. Of an object or a list, that nothing describes what it holds: nothing in an
    /// object is public, and of a list the strings, numbers and booleans.
    Plain,
    /// A string that may be a path: only the name at its end is public.
    FileName,
    /// A name of an annotation or of a dump: it is public if what it names is.
    ReportKey,
    /// A name of a dump: it is public if the dump's result is.
    DumpName,
    /// An object with these members, each with its own access; all others are protected.
    Members(&'static [Field]),
}

/// One field: of a processed crash, or of an object in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its key in the processed crash, or in the object that holds it.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// Who may see it.
    pub access: Access,
    /// The annotation it is copied from.
    pub annotation: Option<&'static str>,
    /// Its name in searches.
    pub search: Option<&'static str>,
    /// Whether everyone may search by it although it is protected where it stands.
    pub searched_by_all: bool,
    /// What its value, or each item of it, consists of.
    pub shape: Shape,
    /// What it is, in one to three sentences: the unit or the possible values, and what its absence means.
    pub about: &'static str,
}

/// A field that everyone may see.
pub(super) const fn public(name: &'static str, kind: Kind) -> Field {
    new(name, kind, Access::Public)
}

/// A field that only holders of a permission may see.
pub(super) const fn protected(name: &'static str, kind: Kind) -> Field {
    new(name, kind, Access::Protected)
}

const fn new(name: &'static str, kind: Kind, access: Access) -> Field {
    Field {
        name,
        kind,
        access,
        annotation: None,
        search: None,
        searched_by_all: false,
        shape: Shape::Plain,
        about: "",
    }
}

/// The rest of a row.
impl Field {
    /// It is copied from an annotation.
    pub(super) const fn copied_from(mut self, annotation: &'static str) -> Self {
        self.annotation = Some(annotation);
        self
    }

    /// It can be searched, under its own name.
    pub(super) const fn searched(self) -> Self {
        let name = self.name;
        self.searched_as(name)
    }

    /// It can be searched, under another name.
    pub(super) const fn searched_as(mut self, name: &'static str) -> Self {
        self.search = Some(name);
        self
    }

    /// Everyone can search by it, under this name, though it is protected where it stands.
    pub(super) const fn searched_by_all_as(mut self, name: &'static str) -> Self {
        self.searched_by_all = true;
        self.searched_as(name)
    }

    /// Who may search by it.
    pub fn search_access(&self) -> Access {
        if self.searched_by_all {
            Access::Public
        } else {
            self.access
        }
    }

    /// What the value, or each item of it, consists of.
    pub(super) const fn of(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }

    /// What it is.
    pub(super) const fn about(mut self, text: &'static str) -> Self {
        self.about = text;
        self
    }
}
