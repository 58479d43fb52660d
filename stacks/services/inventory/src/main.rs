//! The inventory service: how many there are of each article, and who holds some, kept in OpenSearch.
//!
//! GET /api/inventory/{sku} reads an article, GET /api/inventory?below=5 lists what is scarce.
//! POST /api/inventory/{sku} {"available", "cents", "grams", "version"} sets one: a new one without a version, a
//! known one with the version that was read.
//! POST /api/holds {"key", "items": [{"sku", "quantity"}]} holds all of them or none for 15 minutes;
//! POST /api/holds/take and POST /api/holds/release, asked with the same, end that.

mod aws;
mod metrics;
mod search;
mod stock;
mod xray;

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{json, Value};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tiny_http::{Header, Method, Request, Response, Server};

use aws::setting;
use metrics::Metrics;
use search::Search;
use stock::{Items, Level, Refusal, Stock, Version};
use xray::{Segment, Xray};

const THREADS: usize = 64;
const LARGEST_BODY: u64 = 64 * 1024;
const MOST_ITEMS: usize = 50;
const MOST: u64 = 1_000_000_000;

type Answer = Result<(u16, Value), (u16, String)>;

fn main() {
    let metrics = Arc::new(Metrics::default());
    let region = setting("AWS_REGION").unwrap_or_else(|| "us-east-1".to_string());
    let address = setting("STOCK_ADDRESS").unwrap_or_default();
    let search = Search::new(&address, &region, metrics.clone()).expect("TLS");
    let stock = Arc::new(Stock::new(search));
    let port = setting("PORT").unwrap_or_else(|| "8080".to_string());
    let server = Arc::new(Server::http(format!("0.0.0.0:{}", port)).expect("a port that is free"));
    let xray = Arc::new(Xray::new("inventory"));
    let ending = Arc::new(AtomicBool::new(false));

    let of_index = stock.clone();
    thread::spawn(move || {
        while let Err(error) = of_index.make_index() {
            eprintln!("no index yet: {}", error);
            thread::sleep(Duration::from_secs(2));
        }
    });
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (server, stock, metrics) = (server.clone(), stock.clone(), metrics.clone());
            let (xray, ending) = (xray.clone(), ending.clone());
            thread::spawn(move || {
                while !ending.load(Relaxed) {
                    if let Ok(Some(request)) = server.recv_timeout(Duration::from_millis(500)) {
                        handle(request, &stock, &metrics, &xray);
                    }
                }
            })
        })
        .collect();
    // A container's first process ends for no signal by itself.
    let mut signals = Signals::new([SIGTERM, SIGINT]).expect("signals");
    signals.forever().next();
    ending.store(true, Relaxed);
    workers.into_iter().for_each(|worker| worker.join().unwrap_or_default());
}

fn handle(mut request: Request, stock: &Stock, metrics: &Metrics, xray: &Xray) {
    let url = request.url().to_string();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let trace = header(&request, xray::HEADER);
    let segment = xray.begin(&trace);
    let handed_on = segment.as_ref().map_or_else(|| trace.clone(), Segment::header);
    let place = format!("http://{}{}", header(&request, "Host"), path);
    let method = request.method().clone();
    let (status, kind, text) = match path {
        "/health" => (200, "application/json", r#"{"status": "up"}"#.to_string()),
        "/metrics" => (200, "text/plain; version=0.0.4", metrics.text()),
        _ => {
            let (status, body) = match answer(&mut request, &method, path, query, &handed_on, stock) {
                Ok(answer) => answer,
                Err((status, words)) => (status, json!({ "error": words })),
            };
            metrics.answered(method.as_str(), status);
            (status, "application/json", body.to_string())
        }
    };
    let mut response = Response::from_string(text).with_status_code(status).with_header(named("Content-Type", kind));
    if !trace.is_empty() {
        response.add_header(named(xray::HEADER, &trace));
    }
    if status == 503 {
        response.add_header(named("Retry-After", "1"));
    }
    // Who asked may be gone.
    let _ = request.respond(response);
    if let Some(segment) = segment {
        xray.answered(&segment, method.as_str(), &place, status);
    }
}

fn answer(request: &mut Request, method: &Method, path: &str, query: &str, trace: &str, stock: &Stock) -> Answer {
    let sku = path.strip_prefix("/api/inventory/");
    match (method, path, sku) {
        (Method::Get, "/api/inventory", _) => {
            let most = query.split('&').find_map(|pair| pair.strip_prefix("below=")).unwrap_or("1");
            let most = most.parse().map_err(|_| (400, "below must be a number".to_string()))?;
            stock.below(most, trace).map(|found| (200, found)).map_err(refused)
        }
        (Method::Get, _, Some(sku)) => stock.read(named_well(sku)?, trace).map(|found| (200, found)).map_err(refused),
        (Method::Post, _, Some(sku)) => {
            let sku = named_well(sku)?;
            let said = body(request)?;
            let number = |name: &str| match said[name].as_u64() {
                Some(value) if value <= MOST => Ok(value),
                _ => Err((400, format!("{} must be a whole number from 0 to {}", name, MOST))),
            };
            let level = Level { available: number("available")?, cents: number("cents")?, grams: number("grams")? };
            let wrong = || (400, "version must be one that was read".to_string());
            let of = match &said["version"] {
                Value::Null => None,
                Value::String(text) => Some(Version::parse(text).ok_or_else(wrong)?),
                _ => return Err(wrong()),
            };
            let (fresh, article) = stock.set(sku, &level, of, trace).map_err(refused)?;
            Ok((if fresh { 201 } else { 200 }, article))
        }
        (Method::Post, "/api/holds", _) => {
            let (key, items) = hold(&body(request)?)?;
            stock.hold(&key, &items, trace).map(|held| (200, held)).map_err(refused)
        }
        (Method::Post, "/api/holds/take", _) => {
            let (key, items) = hold(&body(request)?)?;
            stock.take(&key, &items, trace).map_err(refused)?;
            Ok((200, json!({"key": key, "state": "taken"})))
        }
        (Method::Post, "/api/holds/release", _) => {
            let (key, items) = hold(&body(request)?)?;
            stock.release(&key, &items, trace).map_err(refused)?;
            Ok((200, json!({"key": key, "state": "released"})))
        }
        _ => Err((404, "not found".to_string())),
    }
}

fn body(request: &mut Request) -> Result<Value, (u16, String)> {
    let mut text = String::new();
    let read = request.as_reader().take(LARGEST_BODY + 1).read_to_string(&mut text);
    if read.is_err() || text.len() as u64 > LARGEST_BODY {
        return Err((413, format!("at most {} bytes of UTF-8 are expected", LARGEST_BODY)));
    }
    serde_json::from_str(&text).map_err(|error| (400, format!("no JSON: {}", error)))
}

fn hold(said: &Value) -> Result<(String, Items), (u16, String)> {
    let wrong = || (400, "a key, and 1 to 50 items with sku and quantity, are expected".to_string());
    let key = said["key"].as_str().ok_or_else(wrong)?;
    let listed = said["items"].as_array().ok_or_else(wrong)?;
    if !(1..=MOST_ITEMS).contains(&listed.len()) {
        return Err(wrong());
    }
    let mut items = Items::new();
    for item in listed {
        let sku = named_well(item["sku"].as_str().ok_or_else(wrong)?)?;
        let quantity = item["quantity"].as_u64().filter(|quantity| (1..=1000).contains(quantity)).ok_or_else(wrong)?;
        *items.entry(sku.to_string()).or_default() += quantity;
    }
    Ok((named_well(key)?.to_string(), items))
}

/// A name that may stand in a path as it is.
fn named_well(name: &str) -> Result<&str, (u16, String)> {
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if fits && (1..=64).contains(&name.len()) && !name.starts_with('_') {
        return Ok(name);
    }
    Err((400, "a key or a sku has 1 to 64 letters, digits, - and _".to_string()))
}

fn refused(refusal: Refusal) -> (u16, String) {
    match refusal {
        Refusal::Unknown(sku) => (404, format!("no article {}", sku)),
        Refusal::Short(sku) => (409, format!("not enough of {}", sku)),
        Refusal::Conflict => (409, "someone was faster: read it again".to_string()),
        Refusal::Gone(sku) => (410, format!("nothing of {} is held any more", sku)),
        Refusal::Lost(error) => {
            eprintln!("stock is lost: {}", error);
            (503, "stock is lost".to_string())
        }
    }
}

fn header(request: &Request, name: &'static str) -> String {
    let found = request.headers().iter().find(|header| header.field.equiv(name));
    found.map_or(String::new(), |header| header.value.to_string())
}

fn named(name: &str, value: &str) -> Header {
    Header::from_bytes(name.as_bytes(), value.as_bytes()).expect("a header of ours")
}
