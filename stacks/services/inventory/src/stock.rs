//! What is in stock, one document of an index for each article, and who holds some of it.
//!
//! Nobody locks: who writes says which version of the document was read (_seq_no and _primary_term), and reads
//! anew where someone was faster. A hold keeps a quantity for an order for a while; then it is taken or released,
//! or ends by itself. Each can be asked for again: a hold is known by the order's key.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{json, Map, Value};

use crate::aws::{lost, now};
use crate::search::Search;

/// The life of a hold, longer than an order may take.
const HOLD_SECONDS: u64 = 900;
/// How long it is remembered that a hold was taken, for who asks again.
const TAKEN_SECONDS: u64 = 3600;
const TRIES: u32 = 12;
const INDEX: &str = "/stock";

pub struct Stock {
    search: Search,
}

#[derive(Debug)]
pub enum Refusal {
    Unknown(String),
    /// There is less of an article than is wanted.
    Short(String),
    /// Someone was faster.
    Conflict,
    /// The hold has ended before it was taken.
    Gone(String),
    Lost(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal::Lost(error)
    }
}

/// How many of which article.
pub type Items = BTreeMap<String, u64>;

/// A document as it was read: its content, and which version of it that is.
struct Read {
    article: Map<String, Value>,
    version: Version,
}

#[derive(Clone, Copy)]
pub struct Version {
    pub number: u64,
    pub term: u64,
}

impl Stock {
    pub fn new(search: Search) -> Stock {
        Stock { search }
    }

    /// Make the index where there is none yet. Holds are kept and not indexed: their keys are endless.
    pub fn make_index(&self) -> io::Result<()> {
        let kind = |name: &str| json!({ "type": name });
        let body = json!({
            "settings": {"number_of_shards": 3, "auto_expand_replicas": "0-2"},
            "mappings": {"dynamic": "strict", "properties": {
                "sku": kind("keyword"), "available": kind("integer"), "cents": kind("long"), "grams": kind("integer"),
                "holds": {"type": "object", "enabled": false}
            }}
        });
        self.search.ask("PUT", INDEX, "", &body.to_string(), "").map(|_| ())
    }

    pub fn read(&self, sku: &str, trace: &str) -> Result<Value, Refusal> {
        let read = self.find(sku, trace)?;
        Ok(told(&read.article, read.version))
    }

    /// Articles of which there are fewer than so many, the scarcest first.
    pub fn below(&self, most: u64, trace: &str) -> Result<Value, Refusal> {
        let body = json!({
            "size": 100, "query": {"range": {"available": {"lt": most}}},
            "sort": [{"available": "asc"}, {"sku": "asc"}],
            "_source": {"excludes": ["holds"]}
        });
        let query = "filter_path=hits.hits._source&ignore_unavailable=true";
        let (_, found) = self.search.ask("POST", &format!("{}/_search", INDEX), query, &body.to_string(), trace)?;
        let none = Vec::new();
        let hits = found["hits"]["hits"].as_array().unwrap_or(&none);
        Ok(json!({ "stock": hits.iter().map(|hit| hit["_source"].clone()).collect::<Vec<_>>() }))
    }

    /// Say how many there are of an article, at what price: of a new one, or of the version that was read.
    pub fn set(&self, sku: &str, level: &Level, of: Option<Version>, trace: &str) -> Result<(bool, Value), Refusal> {
        let holds = match of {
            None => json!([]),
            Some(version) => {
                let read = self.find(sku, trace)?;
                if (read.version.number, read.version.term) != (version.number, version.term) {
                    return Err(Refusal::Conflict);
                }
                read.article["holds"].clone()
            }
        };
        let article = json!({
            "sku": sku, "available": level.available, "cents": level.cents, "grams": level.grams, "holds": holds
        });
        let article = article.as_object().cloned().unwrap_or_default();
        let written = self.write(sku, &article, of, trace)?.ok_or(Refusal::Conflict)?;
        Ok((of.is_none(), told(&article, written)))
    }

    /// Hold all of them or none.
    pub fn hold(&self, key: &str, items: &Items, trace: &str) -> Result<Value, Refusal> {
        let (mut lines, mut cents, mut grams) = (Vec::new(), 0, 0);
        for (sku, quantity) in items {
            let held = self.change(sku, trace, |article| {
                if holds(article).iter().any(|hold| hold["key"] == key) {
                    return Ok(false);
                }
                let available = number(article, "available");
                if available < *quantity {
                    return Err(Refusal::Short(sku.clone()));
                }
                article.insert("available".to_string(), json!(available - quantity));
                let until = now().as_secs() + HOLD_SECONDS;
                holds_of(article).push(json!({"key": key, "quantity": quantity, "until": until, "taken": false}));
                Ok(true)
            });
            match held {
                Ok(article) => {
                    let each = number(&article, "cents");
                    cents += each * quantity;
                    grams += number(&article, "grams") * quantity;
                    lines.push(json!({"sku": sku, "quantity": quantity, "cents": each}));
                }
                Err(refusal) => {
                    self.release(key, items, trace).unwrap_or_else(|error| eprintln!("hold {}: {:?}", key, error));
                    return Err(refusal);
                }
            }
        }
        Ok(json!({"key": key, "items": lines, "cents": cents, "grams": grams}))
    }

    /// Give back what is held, or was taken and is still remembered. What is not held stays as it is.
    pub fn release(&self, key: &str, items: &Items, trace: &str) -> Result<(), Refusal> {
        for sku in items.keys() {
            let released = self.change(sku, trace, |article| {
                let of_key = |hold: &Value| hold["key"] == key;
                let back: u64 = holds(article).iter().filter(|hold| of_key(hold)).map(quantity_of).sum();
                holds_of(article).retain(|hold| !of_key(hold));
                let available = number(article, "available") + back;
                article.insert("available".to_string(), json!(available));
                Ok(back > 0)
            });
            match released {
                Ok(_) | Err(Refusal::Unknown(_)) => (),
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// Take what is held: it leaves the house.
    pub fn take(&self, key: &str, items: &Items, trace: &str) -> Result<(), Refusal> {
        for sku in items.keys() {
            self.change(sku, trace, |article| {
                let hold = holds_of(article).iter_mut().find(|hold| hold["key"] == key);
                let hold = hold.ok_or_else(|| Refusal::Gone(sku.clone()))?;
                let fresh = hold["taken"] == false;
                hold["taken"] = json!(true);
                hold["until"] = json!(now().as_secs() + TAKEN_SECONDS);
                Ok(fresh)
            })?;
        }
        Ok(())
    }

    /// Read, change and write an article until nobody was faster. `how` says whether it has changed anything.
    fn change(
        &self,
        sku: &str,
        trace: &str,
        how: impl Fn(&mut Map<String, Value>) -> Result<bool, Refusal>,
    ) -> Result<Map<String, Value>, Refusal> {
        for attempt in 0..TRIES {
            let mut read = self.find(sku, trace)?;
            let swept = sweep(&mut read.article);
            if !how(&mut read.article)? && !swept {
                return Ok(read.article);
            }
            if self.write(sku, &read.article, Some(read.version), trace)?.is_some() {
                return Ok(read.article);
            }
            self.search.metrics.conflicts.fetch_add(1, Relaxed);
            // Those who collide wait for different times, each longer than before.
            let spread = u64::from(now().subsec_nanos()) / 1000 % (4 << attempt.min(5));
            sleep(Duration::from_millis(1 + spread));
        }
        Err(Refusal::Lost(lost(format!("{} is changed by too many at once", sku))))
    }

    fn find(&self, sku: &str, trace: &str) -> Result<Read, Refusal> {
        let (status, said) = self.search.ask("GET", &format!("{}/_doc/{}", INDEX, sku), "", "", trace)?;
        match (status, said["_source"].as_object(), version(&said)) {
            (200, Some(article), Some(version)) => Ok(Read { article: article.clone(), version }),
            (404, _, _) => Err(Refusal::Unknown(sku.to_string())),
            _ => Err(Refusal::Lost(lost(format!("no article: {}", said)))),
        }
    }

    /// The new version, or None where someone was faster.
    fn write(
        &self,
        sku: &str,
        article: &Map<String, Value>,
        of: Option<Version>,
        trace: &str,
    ) -> Result<Option<Version>, Refusal> {
        let query = of.map_or("op_type=create".to_string(), |read| {
            format!("if_primary_term={}&if_seq_no={}", read.term, read.number)
        });
        let body = Value::Object(article.clone()).to_string();
        let (status, said) = self.search.ask("PUT", &format!("{}/_doc/{}", INDEX, sku), &query, &body, trace)?;
        match status {
            200 | 201 => Ok(version(&said)),
            409 => Ok(None),
            _ => Err(Refusal::Lost(lost(format!("{} is not written: {}", sku, said)))),
        }
    }
}

/// A level of stock, as it is set.
pub struct Level {
    pub available: u64,
    pub cents: u64,
    pub grams: u64,
}

impl Version {
    /// "12.1"
    pub fn parse(text: &str) -> Option<Version> {
        let (number, term) = text.split_once('.')?;
        Some(Version { number: number.parse().ok()?, term: term.parse().ok()? })
    }
}

fn told(article: &Map<String, Value>, version: Version) -> Value {
    let held: u64 = holds(article).iter().filter(|hold| hold["taken"] == false).map(quantity_of).sum();
    json!({
        "sku": article["sku"], "available": article["available"], "held": held, "cents": article["cents"],
        "grams": article["grams"], "version": format!("{}.{}", version.number, version.term)
    })
}

fn version(said: &Value) -> Option<Version> {
    Some(Version { number: said["_seq_no"].as_u64()?, term: said["_primary_term"].as_u64()? })
}

/// Give back what holds that have ended keep. Whether there were any.
fn sweep(article: &mut Map<String, Value>) -> bool {
    let time = now().as_secs();
    let ended = |hold: &Value| hold["until"].as_u64().unwrap_or(0) < time;
    let back: u64 = holds(article).iter().filter(|h| ended(h) && h["taken"] == false).map(quantity_of).sum();
    let before = holds(article).len();
    holds_of(article).retain(|hold| !ended(hold));
    let available = number(article, "available") + back;
    article.insert("available".to_string(), json!(available));
    holds(article).len() < before
}

fn holds(article: &Map<String, Value>) -> &[Value] {
    article.get("holds").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn holds_of(article: &mut Map<String, Value>) -> &mut Vec<Value> {
    let holds = article.entry("holds").or_insert_with(|| json!([]));
    if !holds.is_array() {
        *holds = json!([]);
    }
    holds.as_array_mut().expect("it is an array")
}

fn quantity_of(hold: &Value) -> u64 {
    hold["quantity"].as_u64().unwrap_or(0)
}

fn number(article: &Map<String, Value>, name: &str) -> u64 {
    article.get(name).and_then(Value::as_u64).unwrap_or(0)
}
