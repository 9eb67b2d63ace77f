//! Who is asked for the symbols of which crashes.

use platform::config::without_password;

use super::Finding;
use crate::settings::Settings;

const NAME: &str = "symbols";

/// Says where the symbols of crashes are looked for; asks nobody.
pub(super) fn look(settings: &Settings) -> Finding {
    match processor::worker::sources(&settings.processor) {
        Ok(sources) => Finding::well(NAME, said(&sources)),
        Err(error) => Finding::bad(NAME, platform::causes::line(&error)),
    }
}

fn said(sources: &processor::symbols::Sources) -> String {
    let mut asked: Vec<(String, Vec<&str>)> = Vec::new();
    for (product, of) in sources.products() {
        let servers = of.roots.servers.iter().map(|url| without_password(url.as_str()));
        let folders = of.roots.folders.iter().map(|folder| folder.display().to_string());
        let places: Vec<String> = servers.chain(folders).collect();
        if places.is_empty() {
            continue;
        }
        let places = places.join(", ");
        match asked.iter_mut().find(|(known, _)| *known == places) {
            Some((_, products)) => products.push(product),
            None => asked.push((places, vec![product])),
        }
    }
    let for_all = sources.folders.iter().map(|folder| folder.display().to_string());
    let for_all: Vec<String> = for_all.collect();
    let mut said: Vec<String> = Vec::new();
    if !for_all.is_empty() {
        said.push(format!("{} for every crash", for_all.join(", ")));
    }
    for (places, products) in asked {
        said.push(format!("{places} for {}", products.join(", ")));
    }
    said.push("no server for any other product".to_owned());
    said.join("; ")
}

#[cfg(test)]
mod tests {
    use super::look;
    use crate::settings::Settings;

    #[test]
    fn who_is_asked_is_said() {
        let check = |urls: Option<&[&str]>| {
            let mut settings = Settings::default();
            settings.processor.symbols_urls = urls.map(|urls| urls.iter().map(|&url| url.to_owned()).collect());
            look(&settings).text
        };
        const NO_OTHER: &str = "no server for any other product";
        assert!(check(None).starts_with("https://symbols.mozilla.org/ for Firefox, Thunderbird, "));
        assert_eq!(check(Some(&[])), NO_OTHER);
        let said = check(Some(&["file:///symbols", "https://me:secret@mirror.example/"]));
        assert!(said.starts_with("/symbols for every crash; https://me:***@mirror.example/ for Firefox, "));
        assert!(said.ends_with(NO_OTHER));
    }
}
