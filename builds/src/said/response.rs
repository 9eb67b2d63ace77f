//! The answers of sources, word for word.

/// An answer as it came, and what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// `GET` or `POST`.
    pub method: String,
    /// What was asked below the source's host: path and query.
    pub path: String,
    /// The body of the question; empty if it had none.
    pub question: String,
    /// The status.
    pub status: u16,
    /// The type of the body.
    pub content_type: Option<String>,
    /// The source's name for the state of the document.
    pub etag: Option<String>,
    /// The content, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// What was asked, in one text.
    pub fn request(&self) -> String {
        Self::request_of(&self.method, &self.path, &self.question)
    }

    /// What is asked with these three, in one text.
    pub fn request_of(method: &str, path: &str, question: &str) -> String {
        format!("{method} {path} {question}")
    }
}
