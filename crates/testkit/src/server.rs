//! A web server of one test, on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// A web server that answers as a test says, and remembers what it was asked.
///
/// ```
/// use wardrobe_testkit::{Reply, Server};
/// let server = Server::start(|request, _| match request.path.as_str() {
///     "/greeting" => Reply::new(200, b"hello"),
///     _ => Reply::new(404, b""),
/// });
/// assert!(server.url().starts_with("http://127.0.0.1:"));
/// assert!(server.requests().is_empty());
/// ```
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

/// What the server was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `CONNECT`.
    pub method: String,
    /// The path, or what stands in its place.
    pub path: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    sent: usize,
    silence: Duration,
}

impl Server {
    /// Starts one on a port of its own. `answer` is given the request and how many came before it. It ends with the
    /// test program.
    ///
    /// # Panics
    /// Where this machine has no port to give.
    pub fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a port");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answer) = (seen.clone(), answer.clone());
                // A connection that breaks is what some tests are about.
                thread::spawn(move || serve(&stream, &seen, &*answer).unwrap_or_default());
            }
        });
        Self { address, requests }
    }

    /// `http://` and the address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far; a connection without a request counts with an empty path.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.requests).clone()
    }
}

impl Request {
    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(own, _): &&(String, String)| own == name;
        self.headers
            .iter()
            .find(named)
            .map(|(_, value)| value.as_str())
    }

    /// The first byte that is asked for.
    pub fn from(&self) -> usize {
        let range = self
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="));
        let first = range.and_then(|range| range.split('-').next()?.parse().ok());
        first.unwrap_or(0)
    }
}

impl Reply {
    /// A status and a body.
    pub fn new(status: u16, body: &[u8]) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_vec(),
            sent: body.len(),
            silence: Duration::ZERO,
        }
    }

    /// The rest of `whole` from the byte that is asked for, as servers do that know ranges.
    pub fn rest(whole: &[u8], request: &Request) -> Self {
        let (from, total) = (request.from(), whole.len());
        match request.header("range") {
            None => Self::new(200, whole),
            Some(_) if from >= total => {
                Self::new(416, b"").header("Content-Range", &format!("bytes */{total}"))
            }
            Some(_) => {
                let range = format!("bytes {from}-{}/{total}", total - 1);
                Self::new(206, &whole[from..]).header("Content-Range", &range)
            }
        }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    /// Closes the connection after so many bytes of the body, whose whole length was announced.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.sent = bytes.min(self.body.len());
        self
    }

    /// Says nothing for so long before the end of what is sent.
    pub fn silent(mut self, silence: Duration) -> Self {
        self.silence = silence;
        self
    }
}

fn serve(
    stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: &dyn Fn(&Request, usize) -> Reply,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let request = read(&mut reader)?;
    let earlier = {
        let mut seen = locked(seen);
        seen.push(request.clone());
        seen.len() - 1
    };
    let reply = answer(&request, earlier);
    let mut head = format!(
        "HTTP/1.1 {} -\r\nContent-Length: {}\r\nConnection: close\r\n",
        reply.status,
        reply.body.len()
    );
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut writer = stream;
    writer.write_all(head.as_bytes())?;
    writer.write_all(b"\r\n")?;
    let body = &reply.body[..reply.sent];
    let last = body.len().min(1);
    writer.write_all(&body[..body.len() - last])?;
    writer.flush()?;
    thread::sleep(reply.silence);
    writer.write_all(&body[body.len() - last..])
}

fn read(reader: &mut impl BufRead) -> std::io::Result<Request> {
    let mut lines = reader.take(1 << 16).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut words = first.split(' ').map(str::to_string);
    let mut headers = Vec::new();
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        headers.push((name.to_lowercase(), value.trim().to_string()));
    }
    Ok(Request {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        headers,
    })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
