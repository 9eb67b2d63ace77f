//! Symbol URLs.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::context::Context;
use super::notes::Note;

/// Removes what may be secret from the sources of symbols: servers on local networks are left out, as are user,
/// password and query of every URL, which may hold tokens.
pub(super) fn module_urls(context: &mut Context<'_>) {
    let mut notes = Vec::new();
    let documents = context.processed.0.iter_mut().filter_map(|(name, value)| {
        let (dump, document) = if name == "json_dump" {
            (crash::MAIN_DUMP, Some(value))
        } else {
            (name.as_str(), value.get_mut("json_dump"))
        };
        let modules = document?.get_mut("modules")?.as_array_mut()?;
        Some(modules.iter_mut().map(move |module| (dump, module)))
    });
    for (dump, module) in documents.flatten() {
        let name = match module.get("filename").or_else(|| module.get("debug_file")) {
            Some(Value::String(name)) => name.clone(),
            Some(_) => "None".to_owned(),
            None => "unknown".to_owned(),
        };
        let Some(url) = module.get_mut("symbol_url") else {
            continue;
        };
        match url.as_str().and_then(Address::parse) {
            Some(address) if address.is_local() => {
                let text = format!("Redacting symbol url for module {name}");
                // A folder may contain a user name.
                let note = if name.contains(['/', '\\']) {
                    Note::protected(text)
                } else {
                    Note::about_dump(dump, text)
                };
                // The detail is without what may be secret, too.
                notes.push(note.with(&json!(address.without_query())));
                *url = Value::Null;
            }
            Some(address) => *url = json!(address.without_query()),
            None => *url = Value::Null,
        }
    }
    context.notes.extend(notes);
}

/// A URL split into its parts, as lenient as those who write it.
struct Address {
    scheme: String,
    authority: String,
    path: String,
    fragment: String,
}

impl Address {
    fn parse(text: &str) -> Option<Self> {
        let text: String = text
            .trim_start_matches(|c: char| c <= ' ')
            .chars()
            .filter(|c| !matches!(c, '\t' | '\r' | '\n'))
            .collect();
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            _ => (String::new(), text.as_str()),
        };
        let rest = rest.strip_prefix("//")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end)?;
        if authority.contains('[') != authority.contains(']') {
            return None;
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, _query) = rest.split_once('?').unwrap_or((rest, ""));
        Some(Self {
            scheme,
            authority: authority.to_owned(),
            path: path.to_owned(),
            fragment: fragment.to_owned(),
        })
    }

    /// The name or address of the server, without user, password and port.
    fn host(&self) -> &str {
        let (_, host) = self.authority.rsplit_once('@').unwrap_or(("", &self.authority));
        match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, _)) => host,
            None => host.split(':').next().unwrap_or_default(),
        }
    }

    /// Whether the server is on this machine or on a network that cannot be reached from outside: private addresses
    /// (RFC 1918, 4193), names without a dot and reserved ones.
    fn is_local(&self) -> bool {
        let host = self.host().trim_end_matches('.').to_ascii_lowercase();
        match host.parse::<IpAddr>() {
            Ok(number) => is_local_number(number.to_canonical()),
            Err(_) => {
                let top = host.rsplit('.').next().unwrap_or_default();
                !host.contains('.')
                    || host.contains("localhost")
                    || host.ends_with(".home.arpa")
                    || top.bytes().all(|byte| byte.is_ascii_digit())
                    || matches!(top, "local" | "internal" | "lan" | "intranet" | "corp" | "home")
            }
        }
    }

    fn without_query(&self) -> String {
        let mut out = String::new();
        if !self.scheme.is_empty() {
            out.push_str(&self.scheme);
            out.push(':');
        }
        out.push_str("//");
        let (_, server) = self.authority.rsplit_once('@').unwrap_or(("", &self.authority));
        out.push_str(server);
        out.push_str(&self.path);
        if !self.fragment.is_empty() {
            out.push('#');
            out.push_str(&self.fragment);
        }
        out
    }
}

fn is_local_number(number: IpAddr) -> bool {
    match number {
        IpAddr::V4(number) => {
            // RFC 6598: used between providers and their customers.
            let is_shared = matches!(number.octets(), [100, 64..=127, _, _]);
            is_shared
                || number.is_loopback()
                || number.is_private()
                || number.is_link_local()
                || number.is_unspecified()
        }
        IpAddr::V6(number) => {
            number.is_loopback()
                || number.is_unique_local()
                || number.is_unicast_link_local()
                || number.is_unspecified()
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_query() {
        for (text, expected) in [
            (
                "HTTPS://symbols.mozilla.org/a/b.sym?token=1#x",
                Some("https://symbols.mozilla.org/a/b.sym#x"),
            ),
            ("https://symbols.mozilla.org?#", Some("https://symbols.mozilla.org")),
            (
                "https://user:secret@symbols.example.org:8443/a.sym?token=secret",
                Some("https://symbols.example.org:8443/a.sym"),
            ),
            ("https://[symbols.mozilla.org/", None),
            ("file.sym", None),
        ] {
            let out = Address::parse(text).map(|address| address.without_query());
            assert_eq!(out.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn servers_of_local_networks_are_known() {
        for (text, expected) in [
            ("https://symbols.mozilla.org/a", false),
            ("https://8.8.8.8/a", false),
            ("https://[2001:db8::1]:80/a", false),
            ("http://localhost:8000/a", true),
            ("http://build.localhost/a", true),
            ("http://user@localhost/a", true),
            ("http://127.0.0.1/a", true),
            ("http://10.1.2.3:80/a", true),
            ("http://192.168.0.1/a", true),
            ("http://172.20.0.1/a", true),
            ("http://0.0.0.0/a", true),
            ("http://127.1/a", true),
            ("http://100.64.0.1/a", true),
            ("http://[::ffff:10.0.0.1]/a", true),
            ("http://nas.home.arpa/a", true),
            ("http://[::1]/a", true),
            ("http://[fd00::1]/a", true),
            ("http://symbols/a", true),
            ("http://symbols.corp.internal/a", true),
            ("http://printer.local./a", true),
            ("file:///home/user/a.sym", true),
        ] {
            let found = Address::parse(text).map(|address| address.is_local());
            assert_eq!(found, Some(expected), "{text}");
        }
    }
}
