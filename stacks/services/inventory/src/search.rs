//! How OpenSearch is asked: signed by the machine's role, in a set time.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::aws::{lost, now, sign, Identity, Request};
use crate::metrics::Metrics;
use crate::xray;

const CONNECT: Duration = Duration::from_millis(500);
const ANSWER: Duration = Duration::from_millis(1500);

pub struct Search {
    place: String,
    host: String,
    region: String,
    agent: ureq::Agent,
    identity: Identity,
    pub metrics: Arc<Metrics>,
}

impl Search {
    /// `address`: "host:port", by TLS on 443.
    pub fn new(address: &str, region: &str, metrics: Arc<Metrics>) -> io::Result<Search> {
        let (host, place) = match address.strip_suffix(":443") {
            Some(host) => (host.to_string(), format!("https://{}", host)),
            None => (address.to_string(), format!("http://{}", address)),
        };
        let tls = native_tls::TlsConnector::new().map_err(lost)?;
        let agent = ureq::AgentBuilder::new()
            .tls_connector(Arc::new(tls))
            .timeout_connect(CONNECT)
            .timeout(ANSWER)
            .max_idle_connections_per_host(32)
            .build();
        Ok(Search { place, host, region: region.to_string(), agent, identity: Identity::new(), metrics })
    }

    /// (status, JSON) of what it answers. The trace goes with the question, and into its slow logs.
    pub fn ask(&self, method: &str, path: &str, query: &str, body: &str, trace: &str) -> io::Result<(u16, Value)> {
        let url = format!("{}{}{}{}", self.place, path, if query.is_empty() { "" } else { "?" }, query);
        let mut request = self.agent.request(method, &url).set("Content-Type", "application/json");
        let signed = Request { method, host: &self.host, path, query, body };
        for (name, value) in sign(&signed, "es", &self.region, &self.identity.keys()?, now()) {
            request = request.set(&name, &value);
        }
        if !trace.is_empty() {
            request = request.set(xray::HEADER, trace).set("X-Opaque-Id", trace);
        }
        let start = Instant::now();
        let said = if body.is_empty() { request.call() } else { request.send_string(body) };
        self.metrics.took(start);
        match said {
            Ok(answer) | Err(ureq::Error::Status(_, answer)) => {
                let status = answer.status();
                let text = answer.into_string()?;
                if matches!(status, 200 | 201 | 404 | 409) {
                    return Ok((status, serde_json::from_str(&text)?));
                }
                if status == 400 && text.contains("resource_already_exists_exception") {
                    return Ok((status, Value::Null));
                }
                Err(lost(format!("it says {}: {:.200}", status, text)))
            }
            Err(transport) => Err(lost(transport)),
        }
    }
}
