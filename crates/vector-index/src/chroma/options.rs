//! Where a server is, and how patient to be with it.

use std::fmt;
use std::time::Duration;

/// A Chroma server and the database to use there.
#[derive(Clone, PartialEq, Eq)]
pub struct ChromaOptions {
    /// Scheme, host and port, such as `http://localhost:8000`.
    pub url: String,
    /// Sent as `x-chroma-token` with each request.
    pub token: Option<String>,
    /// The tenant, `default_tenant` where the server knows no others.
    pub tenant: String,
    /// The tenant's database, which must exist; `default_database` is there from the start.
    pub database: String,
    /// How long one request may take.
    pub timeout: Duration,
    /// How often a request is sent again that failed in passing: no connection, no answer in time, a server that is
    /// overloaded or in trouble. The pauses grow from 0.2 s to 5 s.
    pub retries: usize,
}

impl ChromaOptions {
    /// The default database of the server at `url`, without a token; 30 s a request, three retries.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: None,
            tenant: "default_tenant".to_owned(),
            database: "default_database".to_owned(),
            timeout: Duration::from_secs(30),
            retries: 3,
        }
    }
}

impl fmt::Debug for ChromaOptions {
    /// All but the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChromaOptions")
            .field("url", &self.url)
            .field("token", &self.token.as_ref().map(|_| "..."))
            .field("tenant", &self.tenant)
            .field("database", &self.database)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish()
    }
}
