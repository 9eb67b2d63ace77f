//! Verbatim answers of sources.

/// An answer as received, and its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// `GET` or `POST`.
    pub method: String,
    /// The requested path and query.
    pub path: String,
    /// The body of the request; empty if it had none.
    pub question: String,
    /// The status.
    pub status: u16,
    /// The content type of the body.
    pub content_type: Option<String>,
    /// The source's `ETag` for the document.
    pub etag: Option<String>,
    /// The content, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// The request as one text.
    pub fn request(&self) -> String {
        Self::request_of(&self.method, &self.path, &self.question)
    }

    /// The request made of these three, as one text.
    pub fn request_of(method: &str, path: &str, question: &str) -> String {
        format!("{method} {path} {question}")
    }
}
