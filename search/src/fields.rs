//! The fields that can be searched, and what matching means for each.

mod rows;

use crash::fields::{self as crash_fields, Access};

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

/// A field that can be searched.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in searches.
    pub name: &'static str,
    /// How its values are compared.
    pub kind: Kind,
}

/// Every field, sorted by name. A field's place in it is its [`FieldId`].
pub fn all() -> &'static [Field] {
    rows::ROWS
}

/// A field, by its place in [`all`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(u16);

impl FieldId {
    /// The field with this name.
    pub fn of(name: &str) -> Option<Self> {
        let at = rows::ROWS.binary_search_by(|field| field.name.cmp(name)).ok()?;
        u16::try_from(at).ok().map(Self)
    }

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).map(Self).take(rows::ROWS.len())
    }

    /// Its place in [`all`].
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// Its row.
    pub fn field(self) -> &'static Field {
        &rows::ROWS[self.index()]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.field().name
    }

    /// How its values are compared.
    pub fn kind(self) -> Kind {
        self.field().kind
    }

    /// Who may see it, count it, sort or filter by it. A field that no row of the table of fields describes is
    /// protected.
    pub fn access(self) -> Access {
        let searched = crash_fields::searched()
            .iter()
            .find(|searched| searched.name == self.name());
        let field = searched.map(|searched| searched.field);
        let field = field.or((crash_fields::FRAMES.search == Some(self.name())).then_some(&crash_fields::FRAMES));
        field.map_or(Access::Protected, crash_fields::Field::search_access)
    }
}
