//! What X-Ray is told of a request: a segment, where whoever asked has decided that it is followed.
//! https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::UdpSocket;
use std::time::Duration;

use serde_json::json;

use crate::aws::{now, setting};

/// Where a trace comes from and whether it is kept, "Root=1-…;Parent=…;Sampled=1":
/// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
pub const HEADER: &str = "X-Amzn-Trace-Id";

pub struct Xray {
    service: String,
    agent: Option<UdpSocket>,
}

/// A request that is being answered.
pub struct Segment {
    id: String,
    root: String,
    parent: String,
    begun: Duration,
}

impl Xray {
    /// The agent at AWS_XRAY_DAEMON_ADDRESS. Without one nothing is told.
    pub fn new(service: &str) -> Xray {
        let address = setting("AWS_XRAY_DAEMON_ADDRESS");
        let agent = address.and_then(|address| match connected(&address) {
            Ok(agent) => Some(agent),
            Err(error) => {
                eprintln!("tracing: no agent at {}: {}", address, error);
                None
            }
        });
        Xray { service: setting("SERVICE_NAME").unwrap_or_else(|| service.to_string()), agent }
    }

    /// A request that has such a header, from now until it is answered; None where it is not told of.
    pub fn begin(&self, header: &str) -> Option<Segment> {
        let (root, parent) = (part(header, "Root="), part(header, "Parent="));
        if self.agent.is_none() || root.is_empty() || part(header, "Sampled=") != "1" {
            return None;
        }
        // A hasher's keys are random, and others for each.
        let id = format!("{:016x}", RandomState::new().build_hasher().finish());
        Some(Segment { id, root: root.to_string(), parent: parent.to_string(), begun: now() })
    }

    pub fn answered(&self, segment: &Segment, method: &str, url: &str, status: u16) {
        let mut told = json!({
            "name": self.service,
            "id": segment.id,
            "trace_id": segment.root,
            "start_time": segment.begun.as_secs_f64(),
            "end_time": now().as_secs_f64(),
            "http": {"request": {"method": method, "url": url}, "response": {"status": status}},
        });
        if !segment.parent.is_empty() {
            told["parent_id"] = json!(segment.parent);
        }
        if status >= 400 {
            told[if status >= 500 { "fault" } else { "error" }] = json!(true);
        }
        if status == 429 {
            told["throttle"] = json!(true);
        }
        let text = format!("{{\"format\": \"json\", \"version\": 1}}\n{}", told);
        // Nobody waits for the agent: what it does not take is not told.
        let _ = self.agent.as_ref().map(|agent| agent.send(text.as_bytes()));
    }
}

impl Segment {
    /// What the calls that answering it takes are asked with.
    pub fn header(&self) -> String {
        format!("Root={};Parent={};Sampled=1", self.root, self.id)
    }
}

/// To "127.0.0.1:2000", or "tcp:127.0.0.1:2000 udp:127.0.0.1:2001".
fn connected(setting: &str) -> io::Result<UdpSocket> {
    let address = setting.split(' ').find_map(|word| word.strip_prefix("udp:")).unwrap_or(setting);
    let agent = UdpSocket::bind("0.0.0.0:0")?;
    agent.set_nonblocking(true)?;
    agent.connect(address)?;
    Ok(agent)
}

fn part<'a>(header: &'a str, name: &str) -> &'a str {
    header.split(';').find_map(|part| part.trim().strip_prefix(name)).unwrap_or_default()
}
