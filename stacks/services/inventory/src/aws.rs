//! Who the program is to AWS, and how its requests are signed.

use std::io;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};

const METADATA: &str = "http://169.254.169.254";
/// Keys are fetched anew so long before they end.
const EARLY_SECONDS: u64 = 300;

#[derive(Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
    ends: u64,
}

/// A machine's keys: those of its environment, or else those of its role, from its metadata (IMDSv2).
pub struct Identity {
    metadata: String,
    agent: ureq::Agent,
    known: Mutex<Option<Keys>>,
}

impl Identity {
    pub fn new() -> Identity {
        let metadata = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| METADATA.to_string());
        let agent = ureq::AgentBuilder::new().timeout(Duration::from_secs(1)).build();
        Identity { metadata: metadata.trim_end_matches('/').to_string(), agent, known: Mutex::new(None) }
    }

    pub fn keys(&self) -> io::Result<Keys> {
        let mut known = self.known.lock().unwrap();
        match &*known {
            Some(keys) if now().as_secs() + EARLY_SECONDS < keys.ends => Ok(keys.clone()),
            _ => {
                let fresh = from_environment().map_or_else(|| self.from_role(), Ok)?;
                *known = Some(fresh.clone());
                Ok(fresh)
            }
        }
    }

    fn from_role(&self) -> io::Result<Keys> {
        let role = format!("{}/latest/meta-data/iam/security-credentials/", self.metadata);
        let session = self.read("PUT", &format!("{}/latest/api/token", self.metadata), TTL, "300")?;
        let names = self.read("GET", &role, TOKEN, &session)?;
        let name = names.lines().next().unwrap_or_default();
        let said: Value = serde_json::from_str(&self.read("GET", &format!("{}{}", role, name), TOKEN, &session)?)?;
        let missing = |key: &str| lost(format!("no {} in a role's keys", key));
        let text = |key: &str| said[key].as_str().map(String::from).ok_or_else(|| missing(key));
        let ends = seconds_of(&text("Expiration")?).ok_or_else(|| lost("no time in a role's Expiration"))?;
        Ok(Keys { id: text("AccessKeyId")?, secret: text("SecretAccessKey")?, token: Some(text("Token")?), ends })
    }

    fn read(&self, method: &str, url: &str, header: &str, value: &str) -> io::Result<String> {
        self.agent.request(method, url).set(header, value).call().map_err(lost)?.into_string()
    }
}

const TTL: &str = "X-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "X-aws-ec2-metadata-token";

fn from_environment() -> Option<Keys> {
    let (id, secret) = (setting("AWS_ACCESS_KEY_ID")?, setting("AWS_SECRET_ACCESS_KEY")?);
    Some(Keys { id, secret, token: setting("AWS_SESSION_TOKEN"), ends: u64::MAX })
}

/// The headers that a signed request has besides its Content-Type and its Host. `query` is sorted and escaped:
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
pub struct Request<'a> {
    pub method: &'a str,
    pub host: &'a str,
    pub path: &'a str,
    pub query: &'a str,
    pub body: &'a str,
}

pub fn sign(request: &Request, service: &str, region: &str, keys: &Keys, at: Duration) -> Vec<(String, String)> {
    let time = stamp(at.as_secs());
    let scope = format!("{}/{}/{}/aws4_request", &time[..8], region, service);
    let mut added = vec![("x-amz-date".to_string(), time.clone())];
    added.extend(keys.token.iter().map(|token| ("x-amz-security-token".to_string(), token.clone())));
    let mut signed = vec![
        ("content-type".to_string(), "application/json".to_string()),
        ("host".to_string(), request.host.to_string()),
    ];
    signed.extend(added.iter().cloned());
    let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{}:{}\n", name, value)).collect();
    let (path, query) = (request.path, request.query);
    let whole = [request.method, path, query, &lines, &names, &hash(request.body)].join("\n");
    let text = ["AWS4-HMAC-SHA256", &time, &scope, &hash(&whole)].join("\n");
    let key = scope.split('/').fold(format!("AWS4{}", keys.secret).into_bytes(), |key, part| hmac(&key, part));
    let credential = format!("Credential={}/{}", keys.id, scope);
    let signature = hex(&hmac(&key, &text));
    added.push((
        "authorization".to_string(),
        format!("AWS4-HMAC-SHA256 {}, SignedHeaders={}, Signature={}", credential, names, signature),
    ));
    added
}

pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub fn lost<E: std::fmt::Display>(error: E) -> io::Error {
    io::Error::new(io::ErrorKind::Other, error.to_string())
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length is a key's");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

/// "20130524T000000Z": days to a date as https://howardhinnant.github.io/date_algorithms.html has it.
fn stamp(seconds: u64) -> String {
    let days = (seconds / 86_400) as i64 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{:04}{:02}{:02}T{:02}{:02}{:02}Z", year, month, day, hour, minute, second)
}

/// The same the other way around, of "2013-05-24T00:00:00Z".
fn seconds_of(text: &str) -> Option<u64> {
    let numbers: Vec<i64> = text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    if numbers.len() < 6 {
        return None;
    }
    let (year, month, day) = (numbers[0] - i64::from(numbers[1] <= 2), numbers[1], numbers[2]);
    let (era, of_year) = (year / 400, (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1);
    let year_of_era = year % 400;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468;
    u64::try_from(days * 86_400 + numbers[3] * 3_600 + numbers[4] * 60 + numbers[5]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_same_there_and_back() {
        for (seconds, text) in [(951_782_400, "20000229T000000Z"), (1_709_251_199, "20240229T235959Z")] {
            assert_eq!(stamp(seconds), text);
            let (day, time) = (format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]), &text[9..15]);
            let long = format!("{}T{}:{}:{}Z", day, &time[..2], &time[2..4], &time[4..]);
            assert_eq!(seconds_of(&long), Some(seconds));
        }
    }
}
