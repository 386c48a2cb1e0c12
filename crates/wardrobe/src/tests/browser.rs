//! A headless Chromium, told what to do through its DevTools protocol.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// The browser with one tab. What the page complains of is kept.
pub(super) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    calls: u64,
    loads: usize,
    /// Errors and warnings of the console, and requests that leave the disk.
    pub(super) complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// `None`, said on standard error, where there is no Chromium. `$CHROMIUM` names one.
    pub(super) fn start() -> Option<Self> {
        let named = std::env::var("CHROMIUM").ok();
        let usual = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
        let profile = TempDir::new().unwrap();
        let start = |program: String| {
            Command::new(program)
                .args([
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--remote-debugging-port=0",
                ])
                .arg(format!("--user-data-dir={}", profile.path().display()))
                .arg("about:blank")
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .ok()
        };
        let Some(mut process) = named.into_iter().chain(usual).find_map(start) else {
            wardrobe_testkit::skip("chromium");
            return None;
        };
        let url = told_address(&mut process);
        let (_, address) = url.split_once("://").unwrap();
        let stream = TcpStream::connect(address.split('/').next().unwrap()).unwrap();
        let (socket, _) = tungstenite::client(url, stream).unwrap();
        let mut browser = Self {
            process,
            socket,
            session: None,
            calls: 0,
            loads: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        browser.open_tab();
        Some(browser)
    }

    fn open_tab(&mut self) {
        let tab = self.call("Target.createTarget", json!({"url": "about:blank"}));
        let tab = json!({"targetId": tab["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", tab);
        self.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            self.call(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Calls a method of the protocol and waits for its result.
    pub(super) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.calls += 1;
        let call = self.calls;
        let mut message = json!({"id": call, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket
            .send(Message::text(message.to_string()))
            .unwrap();
        loop {
            let mut heard = self.hear();
            if heard["id"] == call {
                assert!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return heard["result"].take();
            }
        }
    }

    /// The next message; events are taken note of.
    fn hear(&mut self) -> Value {
        let message = self.socket.read().unwrap();
        let message: Value = serde_json::from_str(message.to_text().unwrap()).unwrap_or_default();
        let event = &message["params"];
        match message["method"].as_str() {
            Some("Page.loadEventFired") => self.loads += 1,
            Some("Runtime.exceptionThrown") => {
                self.complaints.push(event["exceptionDetails"].to_string())
            }
            Some("Runtime.consoleAPICalled") => self.complaints.push(event["args"].to_string()),
            Some("Log.entryAdded") => self.complaints.push(event["entry"].to_string()),
            Some("Network.requestWillBeSent") => {
                let url = event["request"]["url"].as_str().unwrap_or_default();
                if !url.starts_with("data:") && !url.starts_with("file:") {
                    self.complaints.push(format!("asked for {url}"));
                }
            }
            _ => {}
        }
        message
    }

    /// Opens a file and waits until it is loaded.
    pub(super) fn open(&mut self, page: &Path) {
        let before = self.loads;
        self.call(
            "Page.navigate",
            json!({"url": format!("file://{}", page.display())}),
        );
        while self.loads == before {
            self.hear();
        }
    }

    /// The value of an expression in the page.
    pub(super) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", asked);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].take()
    }

    /// A number in the page.
    pub(super) fn number(&mut self, expression: &str) -> f64 {
        self.value(expression).as_f64().unwrap()
    }

    /// Clicks the middle of an element, as a mouse does.
    pub(super) fn click(&mut self, selector: &str) {
        let middle = format!(
            "(() => {{ const node = document.querySelector({selector:?}); node.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const {{x, y, width, height}} = node.getBoundingClientRect(); return [x + width / 2, y + height / 2]; }})()"
        );
        let middle = self.value(&middle);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": middle[0], "y": middle[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Types words where the focus is.
    pub(super) fn type_words(&mut self, words: &str) {
        self.call("Input.insertText", json!({"text": words}));
    }

    /// Presses a key that types nothing.
    pub(super) fn press(&mut self, key: &str, code: u8) {
        for kind in ["rawKeyDown", "keyUp"] {
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Chooses an option of a `select`, as the keyboard does.
    pub(super) fn choose(&mut self, selector: &str, value: &str) {
        let change = format!(
            "(() => {{ const node = document.querySelector({selector:?}); node.value = {value:?}; \
             node.dispatchEvent(new Event('input', {{bubbles: true}})); return node.value; }})()"
        );
        assert_eq!(self.value(&change), value);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where the browser listens, as it says on standard error; the rest of what it says is read and dropped.
fn told_address(process: &mut Child) -> String {
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let address = lines.find_map(|line| {
        let line = line.ok()?;
        line.strip_prefix("DevTools listening on ")
            .map(str::to_owned)
    });
    std::thread::spawn(move || lines.count());
    address.expect("Chromium says where it listens")
}
