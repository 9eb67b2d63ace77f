//! The fields that can be searched, and what matching means for each.
//!
//! A field of whose values not everyone may see all has two columns: the public ones stand under its name, all of them
//! in a hidden column that no name leads to. Which of the two is meant is decided where a query is made
//! ([`crate::parse`]), so that nothing that evaluates one can mistake them.

mod described;
mod rows;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use crash::fields::{self as crash_fields, Access, Shape};

pub use described::described;

/// How the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A signed integer of 64 bits.
    Integer,
    /// A finite number.
    Number,
    /// True or false.
    Boolean,
    /// A moment, in microseconds UTC.
    Date,
    /// A text. A value without an operator means the whole text.
    Exact,
    /// A text. A value without an operator means any of its words.
    Words,
    /// Texts, in lists or between semicolons, compared in lower case. A value without an operator means a whole one.
    Semicolons,
}

impl Kind {
    /// Whether its values are texts.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Exact | Self::Words | Self::Semicolons)
    }
}

/// A field that can be searched, or the hidden column of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in searches and answers.
    pub name: &'static str,
    /// The name of its column: that of the field, unless it is a hidden one.
    pub column: &'static str,
    /// How its values are compared.
    pub kind: Kind,
}

/// Every field, sorted by column. A field's place in it is its [`FieldId`].
pub fn all() -> &'static [Field] {
    rows::ROWS
}

/// What the table of fields says of each, in the order of [`all`]; of a field that no row describes, nothing.
static DESCRIBED: LazyLock<Vec<Option<&'static crash_fields::Field>>> = LazyLock::new(|| {
    let described = |field: &Field| {
        let searched = crash_fields::searched().iter();
        let mut fields = searched.map(|searched| (searched.name, searched.field));
        let found = fields.find(|(name, _)| *name == field.name).map(|(_, field)| field);
        found.or((crash_fields::FRAMES.search == Some(field.name)).then_some(&crash_fields::FRAMES))
    };
    all().iter().map(described).collect()
});

/// A field, by its place in [`all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u16);

impl FieldId {
    /// The field with this name: what everyone who may see the field may see of it.
    pub fn of(name: &str) -> Option<Self> {
        let at = rows::ROWS.binary_search_by(|field| field.column.cmp(name)).ok()?;
        let found = u16::try_from(at).ok().map(Self)?;
        (!found.is_whole()).then_some(found)
    }

    /// Every field, and every hidden column.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self).take(rows::ROWS.len())
    }

    /// The column of all its values, for those who see protected data; itself if it has no other.
    pub fn whole(self) -> Self {
        let mut hidden = Self::all().filter(|field| field.is_whole());
        hidden.find(|field| field.name() == self.name()).unwrap_or(self)
    }

    /// Its place in [`all`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its row.
    pub fn field(self) -> &'static Field {
        &rows::ROWS[self.index()]
    }

    /// Its name in searches and answers.
    pub fn name(self) -> &'static str {
        self.field().name
    }

    /// The name of its column, each of another.
    pub fn column(self) -> &'static str {
        self.field().column
    }

    /// How its values are compared.
    pub fn kind(self) -> Kind {
        self.field().kind
    }

    /// Whether it is the hidden column of a field.
    fn is_whole(self) -> bool {
        self.name() != self.column()
    }

    /// Its row in the table of fields of crashes.
    fn described(self) -> Option<&'static crash_fields::Field> {
        DESCRIBED.get(self.index()).copied().flatten()
    }

    /// Who may see it, count it, sort or filter by it. A hidden column is protected, and so is a field that no row of
    /// the table of fields describes.
    pub fn access(self) -> Access {
        match self.described() {
            Some(described) if !self.is_whole() => described.search_access(),
            _ => Access::Protected,
        }
    }

    /// The row by which values are cut before they come into its column; none if they come as they are.
    pub(crate) fn cut_by(self) -> Option<&'static crash_fields::Field> {
        let described = self.described().filter(|_| !self.is_whole())?;
        (described.access == Access::Public && described.shape != Shape::Plain).then_some(described)
    }
}
