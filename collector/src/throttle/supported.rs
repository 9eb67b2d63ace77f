//! The products and packages that rules speak of as supported.

use std::collections::BTreeMap;

/// Which products and packages are supported. By default all are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supported {
    /// The supported products; `None`: any.
    pub products: Option<Vec<ProductName>>,
    /// The supported Android packages of products; a product without any in this list may have all.
    pub packages: Vec<(ProductName, Vec<String>)>,
}

/// Longer names, in bytes, are compared as they are and never looked at letter by letter.
const LONGEST_NAME: usize = 1024;

/// The name of a product, and how a report must spell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductName {
    /// As it is here.
    Exactly(String),
    /// In any case, with or without blanks around it.
    AnyCase(String),
}

impl ProductName {
    fn is(&self, name: &Reported<'_>) -> bool {
        match self {
            Self::Exactly(own) => own == name.exact,
            Self::AnyCase(own) => name.lower.as_ref() == Some(own),
        }
    }

    fn lowered(self) -> Self {
        match self {
            Self::AnyCase(own) => Self::AnyCase(own.to_lowercase()),
            Self::Exactly(_) => self,
        }
    }
}

/// The name of a product in a report, which can be any text of any length.
struct Reported<'n> {
    exact: &'n str,
    /// In lower case, without blanks around it; `None` if it is too long for a name.
    lower: Option<String>,
}

impl<'n> Reported<'n> {
    fn new(exact: &'n str) -> Self {
        let lower = (exact.len() <= LONGEST_NAME).then(|| exact.trim().to_lowercase());
        Self { exact, lower }
    }
}

impl Supported {
    /// The same, with the names that may be in any case as they are compared.
    pub(super) fn lowered(self) -> Self {
        let products = self.products.map(|products| {
            let products = products.into_iter().map(ProductName::lowered);
            products.collect()
        });
        let packages = self.packages.into_iter();
        Self {
            products,
            packages: packages
                .map(|(product, packages)| (product.lowered(), packages))
                .collect(),
        }
    }

    /// What the lists of a file say: names exactly as they are there. An empty list of products means any.
    pub(super) fn listed(products: Vec<String>, packages: BTreeMap<String, Vec<String>>) -> Self {
        let products: Vec<ProductName> = products.into_iter().map(ProductName::Exactly).collect();
        let packages = packages.into_iter();
        Self {
            products: (!products.is_empty()).then_some(products),
            packages: packages
                .map(|(product, packages)| (ProductName::Exactly(product), packages))
                .collect(),
        }
    }

    /// Whether a product, by the name that a report has, is supported.
    pub(super) fn has_product(&self, name: &str) -> bool {
        let name = Reported::new(name);
        let products = self.products.as_ref();
        products.is_none_or(|products| products.iter().any(|product| product.is(&name)))
    }

    /// Whether a package is one of the product's, or may be any.
    pub(super) fn has_package(&self, product: &str, package: &str) -> bool {
        let product = Reported::new(product);
        let mut of_product = self.packages.iter().filter(|(name, _)| name.is(&product)).peekable();
        of_product.peek().is_none() || of_product.any(|(_, known)| known.iter().any(|one| one == package))
    }
}
