//! The product.

use builds::names::product::row_of;

use super::context::Context;
use super::notes::Note;
use super::read;

/// Reports of a site's own product may spell its name in any case, or use an alias; everything else goes by the name.
pub(super) fn own_name(context: &mut Context<'_>) {
    let Some(product) = read::text(&context.processed.0, "product") else {
        return;
    };
    let Some(row) = row_of(product).filter(|row| row.is_own && row.name != product) else {
        return;
    };
    let note = format!("Changed product from '{product}' to '{}'", row.name);
    context.note(Note::about("ProductName", note));
    context.set("product", row.name);
}
