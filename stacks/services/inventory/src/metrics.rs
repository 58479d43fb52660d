//! What Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Mutex;
use std::time::Instant;

const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

#[derive(Default)]
pub struct Metrics {
    asked: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
    pub conflicts: AtomicU64,
    requests: Mutex<BTreeMap<(String, u16), u64>>,
}

impl Metrics {
    /// That OpenSearch has taken since `start` to answer.
    pub fn took(&self, start: Instant) {
        let time = start.elapsed();
        let bucket = BOUNDS.iter().position(|bound| time.as_secs_f64() <= *bound).unwrap_or(BOUNDS.len());
        self.asked[bucket].fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(time.as_nanos() as u64, Relaxed);
    }

    pub fn answered(&self, method: &str, status: u16) {
        *self.requests.lock().unwrap().entry((method.to_string(), status)).or_default() += 1;
    }

    pub fn text(&self) -> String {
        let mut out = "# HELP http_requests_total Requests answered.\n".to_string();
        out += "# TYPE http_requests_total counter\n";
        for ((method, status), count) in self.requests.lock().unwrap().iter() {
            let _ = writeln!(out, "http_requests_total{{method=\"{}\",status=\"{}\"}} {}", method, status, count);
        }
        let conflicts = self.conflicts.load(Relaxed);
        let _ = write!(
            out,
            "# HELP stock_conflicts_total Writes that someone else was faster than.\n\
             # TYPE stock_conflicts_total counter\nstock_conflicts_total {}\n\
             # HELP opensearch_seconds Time of a call of OpenSearch.\n# TYPE opensearch_seconds histogram\n",
            conflicts
        );
        let mut below = 0;
        for (bucket, count) in self.asked.iter().enumerate() {
            below += count.load(Relaxed);
            let bound = BOUNDS.get(bucket).map_or("+Inf".to_string(), f64::to_string);
            let _ = writeln!(out, "opensearch_seconds_bucket{{le=\"{}\"}} {}", bound, below);
        }
        let sum = self.nanoseconds.load(Relaxed) as f64 / 1e9;
        let _ = write!(out, "opensearch_seconds_sum {}\nopensearch_seconds_count {}\n", sum, below);
        out
    }
}
