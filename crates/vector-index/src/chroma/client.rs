//! Requests to the server: one at a time, with a limit of time, sent again where that may help.

use std::sync::OnceLock;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use chroma::client::{
    ChromaAuthMethod, ChromaHttpClientError, ChromaHttpClientOptions, ChromaRetryOptions,
};
use chroma::{ChromaCollection, ChromaHttpClient};
use serde::Deserialize;
use tokio::runtime::{Builder, Runtime};

use super::options::ChromaOptions;
use crate::error::{IndexError, Result};

const TOKEN: &str = "x-chroma-token";

/// The pause before the first retry; each further one is twice as long ...
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// ... up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) struct Client {
    options: ChromaOptions,
    runtime: Runtime,
    /// The official client, which is left to retry nothing.
    http: ChromaHttpClient,
    /// For the one request that the official client has no call for.
    plain: reqwest::Client,
    most_records: OnceLock<usize>,
}

/// A request that failed for good.
pub(super) struct Failure {
    operation: &'static str,
    cause: Cause,
}

enum Cause {
    TimedOut(Duration),
    Http(ChromaHttpClientError),
}

impl Client {
    /// Nothing is sent yet.
    pub(super) fn new(options: ChromaOptions) -> Result<Self> {
        let bad = |why: String| IndexError::BadServer {
            url: options.url.clone(),
            why,
        };
        let endpoint: reqwest::Url = options
            .url
            .parse()
            .map_err(|error| bad(format!("{error}; it must look like http://localhost:8000")))?;
        let http = matches!(endpoint.scheme(), "http" | "https") && endpoint.has_host();
        if !http || endpoint.path() != "/" || !endpoint.username().is_empty() {
            let why = "it must be scheme, host and port alone, such as http://localhost:8000";
            return Err(bad(why.to_owned()));
        }
        let auth_method = match &options.token {
            None => ChromaAuthMethod::None,
            Some(token) => ChromaAuthMethod::cloud_api_key(token)
                .map_err(|_| bad("its token holds characters that no header can".to_owned()))?,
        };
        // Where the program has chosen another, that one stays.
        rustls::crypto::ring::default_provider()
            .install_default()
            .ok();
        let no_client = |error: &dyn std::error::Error| bad(format!("no client for it: {error}"));
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("chroma")
            .enable_all()
            .build()
            .map_err(|error| no_client(&error))?;
        let plain = reqwest::Client::builder()
            .build()
            .map_err(|error| no_client(&error))?;
        let http = ChromaHttpClient::new(ChromaHttpClientOptions {
            endpoint,
            auth_method,
            retry_options: ChromaRetryOptions {
                max_retries: 0,
                ..ChromaRetryOptions::default()
            },
            tenant_id: Some(options.tenant.clone()),
            database_name: Some(options.database.clone()),
            ..ChromaHttpClientOptions::default()
        });
        Ok(Self {
            options,
            runtime,
            http,
            plain,
            most_records: OnceLock::new(),
        })
    }

    pub(super) fn url(&self) -> &str {
        &self.options.url
    }

    /// Sends what `request` makes of the official client, as often as it takes. It must do no harm to send it twice.
    pub(super) fn call<T, F: Future<Output = std::result::Result<T, ChromaHttpClientError>>>(
        &self,
        operation: &'static str,
        request: impl Fn(ChromaHttpClient) -> F,
    ) -> std::result::Result<T, Failure> {
        self.send(operation, || request(self.http.clone()))
    }

    /// The same for one collection.
    pub(super) fn call_on<T, F: Future<Output = std::result::Result<T, ChromaHttpClientError>>>(
        &self,
        operation: &'static str,
        collection: &ChromaCollection,
        request: impl Fn(ChromaCollection) -> F,
    ) -> std::result::Result<T, Failure> {
        self.send(operation, || request(collection.clone()))
    }

    /// How many records the server takes in one request.
    pub(super) fn most_records(&self) -> Result<usize> {
        #[derive(Deserialize)]
        struct PreFlight {
            max_batch_size: usize,
        }
        if let Some(most) = self.most_records.get() {
            return Ok(*most);
        }
        let operation = "ask for its limits";
        let url = format!(
            "{}/api/v2/pre-flight-checks",
            self.options.url.trim_end_matches('/')
        );
        let answer: PreFlight = self
            .send(operation, || async {
                let mut request = self.plain.get(&url);
                if let Some(token) = &self.options.token {
                    request = request.header(TOKEN, token);
                }
                let answer = request.send().await?.error_for_status()?;
                Ok::<PreFlight, ChromaHttpClientError>(answer.json().await?)
            })
            .map_err(|failure| self.error(failure))?;
        Ok(*self
            .most_records
            .get_or_init(|| answer.max_batch_size.max(1)))
    }

    fn send<T, F: Future<Output = std::result::Result<T, ChromaHttpClientError>>>(
        &self,
        operation: &'static str,
        request: impl Fn() -> F,
    ) -> std::result::Result<T, Failure> {
        let limit = self.options.timeout;
        let pauses = ExponentialBuilder::new()
            .with_min_delay(FIRST_PAUSE)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(self.options.retries)
            .with_jitter();
        let once = || async {
            match tokio::time::timeout(limit, request()).await {
                Ok(answer) => answer.map_err(Cause::Http),
                Err(_) => Err(Cause::TimedOut(limit)),
            }
        };
        self.runtime
            .block_on(async { once.retry(pauses).when(Cause::may_pass).await })
            .map_err(|cause| Failure { operation, cause })
    }

    /// The failure in this crate's words.
    pub(super) fn error(&self, failure: Failure) -> IndexError {
        let (url, operation) = (self.options.url.clone(), failure.operation);
        let status = failure.cause.status();
        match failure.cause {
            Cause::TimedOut(limit) => IndexError::Unreachable {
                url,
                operation,
                source: format!("no answer within {limit:?}").into(),
            },
            Cause::Http(error) => match (status, error) {
                (Some(401 | 403), error) => IndexError::AccessDenied {
                    url,
                    operation,
                    source: error.into(),
                },
                (None, ChromaHttpClientError::RequestError(error)) if !error.is_decode() => {
                    IndexError::Unreachable {
                        url,
                        operation,
                        source: root_of(error),
                    }
                }
                (_, error) => IndexError::Server {
                    url,
                    operation,
                    source: error.into(),
                },
            },
        }
    }
}

/// The deepest cause, where reqwest's own words end in "error sending request for url".
fn root_of(error: reqwest::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string().into()
}

impl Failure {
    /// Whether the server says that there is no such thing.
    pub(super) fn is_missing(&self) -> bool {
        self.cause.status() == Some(404)
    }

    /// Whether the server says that there is such a thing already.
    pub(super) fn is_taken(&self) -> bool {
        self.cause.status() == Some(409)
    }
}

impl Cause {
    fn status(&self) -> Option<u16> {
        match self {
            Self::Http(ChromaHttpClientError::ApiError(_, status)) => Some(status.as_u16()),
            Self::Http(ChromaHttpClientError::RequestError(error)) => {
                error.status().map(|status| status.as_u16())
            }
            _ => None,
        }
    }

    /// Whether the same request may succeed a moment later.
    fn may_pass(&self) -> bool {
        match (self, self.status()) {
            (Self::TimedOut(_), _) => true,
            (_, Some(status)) => status == 429 || status >= 500,
            (Self::Http(ChromaHttpClientError::RequestError(error)), None) => !error.is_decode(),
            _ => false,
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(&self.options).finish()
    }
}
