//! What the hub and the stores it leads to answer.

use std::time::Duration;

use ureq::Body;
use ureq::http::{HeaderMap, Response, StatusCode};

use super::{Hub, is_sha256};
use crate::Error;

/// Redirects followed; the hub needs one or two.
const REDIRECTS: usize = 8;
/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why an attempt failed.
pub(super) enum Failure {
    /// Another attempt would fail alike.
    Final(Box<Error>),
    /// Another attempt may not.
    Passing {
        problem: String,
        /// What the server asks for.
        pause: Option<Duration>,
    },
}

/// What the hub says of a file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Described {
    /// The commit that the revision stands for.
    pub commit: Option<String>,
    /// The SHA-256 of a file in the hub's store of large ones.
    pub sha256: Option<String>,
    /// The file's size.
    pub bytes: Option<u64>,
}

/// An answer with (a part of) the file.
pub(super) struct Answer {
    pub described: Described,
    /// 200, 206 or 416.
    pub status: StatusCode,
    /// The range's first byte, where it is one.
    pub first: Option<u64>,
    /// The whole file's size.
    pub total: Option<u64>,
    pub body: Body,
}

impl Hub {
    /// Asks for a file from the byte `from` on, and follows where the hub leads.
    pub(super) fn ask(&self, url: &str, from: u64) -> Result<Answer, Failure> {
        let mut described = Described::default();
        let mut url = url.to_string();
        for _ in 0..REDIRECTS {
            let own = origin(&url) == origin(&self.endpoint);
            let mut request = self.agent.get(&url);
            if from > 0 {
                request = request.header("Range", format!("bytes={from}-"));
            }
            // The token is the hub's: no store that it leads to is shown it.
            if let Some(token) = self.token.as_ref().filter(|_| own) {
                request = request.header("Authorization", format!("Bearer {token}"));
            }
            let answer = request.call().map_err(|error| broken(&url, error))?;
            if own {
                described.read(answer.headers());
            }
            match answer.status() {
                StatusCode::OK
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::RANGE_NOT_SATISFIABLE => {
                    return Ok(Answer::new(answer, described));
                }
                status if status.is_redirection() => {
                    let location = text(answer.headers(), "location");
                    url = location
                        .and_then(|to| joined(&url, to))
                        .ok_or_else(|| passing(format!("{} leads nowhere", origin(&url))))?;
                }
                status => return Err(refused(&url, own, status, answer.headers())),
            }
        }
        Err(passing(format!("more than {REDIRECTS} redirects")))
    }
}

impl Described {
    fn read(&mut self, headers: &HeaderMap) {
        let number = |name| text(headers, name)?.parse().ok();
        let etag = text(headers, "x-linked-etag").or_else(|| text(headers, "etag"));
        let etag = etag.map(|etag| etag.trim_start_matches("W/").trim_matches('"'));
        let sha256 = etag
            .filter(|etag| is_sha256(etag))
            .map(str::to_ascii_lowercase);
        let commit = text(headers, "x-repo-commit").map(str::to_string);
        self.commit = self.commit.take().or(commit);
        self.sha256 = self.sha256.take().or(sha256);
        self.bytes = self.bytes.or_else(|| number("x-linked-size"));
    }
}

impl Answer {
    fn new(answer: Response<Body>, described: Described) -> Self {
        let status = answer.status();
        let (head, body) = answer.into_parts();
        let range = text(&head.headers, "content-range").and_then(range);
        let (first, total) = match status {
            StatusCode::OK => (None, body.content_length()),
            _ => range.unwrap_or_default(),
        };
        Self {
            total: total.or(described.bytes),
            described,
            status,
            first,
            body,
        }
    }
}

/// The first byte and the whole size of `bytes 5-9/10` or `bytes */10`.
fn range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (part, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let first = part.split('-').next().and_then(|first| first.parse().ok());
    Some((first, total.parse().ok()))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The address up to the path: scheme, host and port.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url[host..].find(['/', '?', '#']);
    end.map_or(url, |end| &url[..host + end])
}

/// Where a redirect leads. The hub's are absolute or begin with a slash.
fn joined(url: &str, location: &str) -> Option<String> {
    if location.starts_with("https://") || location.starts_with("http://") {
        return Some(location.to_string());
    }
    let path = location.strip_prefix('/')?;
    Some(format!("{}/{path}", origin(url)))
}

/// A refusal. One of the hub's own stays; one of a store may be of a link that has run out, and the hub gives another.
fn refused(url: &str, own: bool, status: StatusCode, headers: &HeaderMap) -> Failure {
    let (url, number) = (
        url.split('?').next().unwrap_or(url).to_string(),
        status.as_u16(),
    );
    // The hub's own words, as in "Access to model X is restricted".
    let reason =
        text(headers, "x-error-message").map_or(String::new(), |reason| format!(": {reason}"));
    let failed = |error| Failure::Final(Box::new(error));
    match number {
        401 | 403 if own => failed(Error::Refused {
            url,
            status: number,
            reason,
        }),
        404 | 410 if own => failed(Error::NotOnHub {
            url,
            status: number,
            reason,
        }),
        408 | 429 | 500.. => Failure::Passing {
            problem: format!("{} answers HTTP {number}", origin(&url)),
            pause: text(headers, "retry-after")
                .and_then(|seconds| seconds.parse().ok())
                .map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE)),
        },
        _ if own => failed(Error::Answer {
            url,
            status: number,
            reason,
        }),
        _ => passing(format!("{} answers HTTP {number}", origin(&url))),
    }
}

/// No answer.
fn broken(url: &str, error: ureq::Error) -> Failure {
    let host = origin(url);
    let problem = match error {
        ureq::Error::HostNotFound => format!("{host} cannot be found"),
        ureq::Error::ConnectionFailed => format!("{host} cannot be connected to"),
        ureq::Error::Timeout(_) => format!("{host} is silent"),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::BadUri(_) => {
            return Failure::Final(Box::new(Error::Insecure {
                url: host.to_string(),
                problem: error.to_string(),
            }));
        }
        error => format!("{host}: {error}"),
    };
    passing(problem)
}

pub(super) fn passing(problem: String) -> Failure {
    Failure::Passing {
        problem,
        pause: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_joined_to_their_origin() {
        let url = "https://hub.example:8443/a/b?c=d";
        assert_eq!(origin(url), "https://hub.example:8443");
        assert_eq!(origin("https://hub.example"), "https://hub.example");
        assert_eq!(joined(url, "/x?y").unwrap(), "https://hub.example:8443/x?y");
        assert_eq!(joined(url, "http://store/x").unwrap(), "http://store/x");
        assert_eq!(joined(url, "ftp://store/x"), None);
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("bytes 5-9/10"), Some((Some(5), Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((Some(5), None)));
        assert_eq!(range("bytes */10"), Some((None, Some(10))));
        assert_eq!(range("pages 1-2/3"), None);
    }
}
