//! A blob store that a test interrupts: the test is called before and after each operation, may do anything, and may
//! make the operation fail.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

/// The moment of an operation: `before write v1/…`, `after read v1/…`; the kinds are read, write, delete and list.
pub type Moment = String;

/// What a test does at a moment; `false` makes the operation fail (before it, nothing is done; after it, all of it was
/// done).
pub type Interruption = Arc<dyn Fn(Moment) -> BoxFuture<'static, bool> + Send + Sync>;

/// See the module.
#[derive(Clone)]
pub(crate) struct Interrupted {
    pub(crate) inner: Arc<dyn ObjectStore>,
    pub(crate) interruption: Interruption,
}

impl Interrupted {
    async fn at(&self, when: &str, kind: &str, key: &str) -> Result<()> {
        if (self.interruption)(format!("{when} {kind} {key}")).await {
            return Ok(());
        }
        Err(object_store::Error::Generic {
            store: "test",
            source: "interrupted by the test".into(),
        })
    }

    async fn around<T>(&self, kind: &str, key: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.at("before", kind, key).await?;
        let done = work.await;
        self.at("after", kind, key).await?;
        done
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interrupted({:?})", self.inner)
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interrupted({})", self.inner)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Interrupted {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let work = self.inner.put_opts(location, payload, opts);
        self.around("write", location.as_ref(), work).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let work = self.inner.put_multipart_opts(location, opts);
        self.around("write", location.as_ref(), work).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let work = self.inner.get_opts(location, options);
        self.around("read", location.as_ref(), work).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let this = self.clone();
        locations
            .then(move |location| {
                let this = this.clone();
                async move {
                    let location = location?;
                    let key = location.to_string();
                    let one = futures::stream::once(async { Ok(location) }).boxed();
                    let mut deleting = this.inner.delete_stream(one);
                    let work = async { deleting.next().await.unwrap_or_else(|| Ok(Path::default())) };
                    this.around("delete", &key, work).await
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let this = self.clone();
        let prefix = prefix.cloned();
        let key = prefix.as_ref().map(Path::to_string).unwrap_or_default();
        async move {
            match this.at("before", "list", &key).await {
                Ok(()) => this.inner.list(prefix.as_ref()),
                Err(error) => futures::stream::once(async { Err(error) }).boxed(),
            }
        }
        .flatten_stream()
        .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let key = prefix.map(Path::to_string).unwrap_or_default();
        let work = self.inner.list_with_delimiter(prefix);
        self.around("list", &key, work).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let work = self.inner.copy_opts(from, to, options);
        self.around("write", to.as_ref(), work).await
    }
}
