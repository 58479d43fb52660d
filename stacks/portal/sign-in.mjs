// Signing in by code with a proof of who asked: https://www.rfc-editor.org/rfc/rfc7636, as the page of a user pool has it.
// Tokens live as long as the tab; `browser` is what a page has: location, sessionStorage, crypto, fetch, history.

const ASKED = "asked", TOKENS = "tokens";
const EARLY_MS = 30_000;

const text = (bytes) => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = (browser) => text(browser.crypto.getRandomValues(new Uint8Array(32)));
const here = (browser) => browser.location.origin + browser.location.pathname;

export async function challenge(verifier, crypto) {
  return text(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

// The address to go to.
export async function begin(config, browser) {
  const asked = { state: random(browser), verifier: random(browser) };
  browser.sessionStorage.setItem(ASKED, JSON.stringify(asked));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.client_id,
    redirect_uri: here(browser),
    scope: config.scopes,
    state: asked.state,
    code_challenge: await challenge(asked.verifier, browser.crypto),
    code_challenge_method: "S256",
  });
  return `${config.sign_in_url}/oauth2/authorize?${query}`;
}

// Change the code that the page was called back with, if it was. An answer that nobody here asked for is refused.
export async function finish(config, browser) {
  const said = new URLSearchParams(browser.location.search);
  if (!said.has("code") && !said.has("error")) return;
  const asked = JSON.parse(browser.sessionStorage.getItem(ASKED) ?? "{}");
  browser.sessionStorage.removeItem(ASKED);
  browser.history.replaceState(null, "", browser.location.pathname);
  if (!asked.state || said.get("state") !== asked.state) throw new Error("This sign-in was not begun here. Try again.");
  if (said.has("error")) throw new Error(said.get("error_description") ?? said.get("error"));
  await exchange(config, browser, {
    grant_type: "authorization_code",
    code: said.get("code"),
    code_verifier: asked.verifier,
    redirect_uri: here(browser),
  });
}

// A token that is good for a while yet, or null: then the user must sign in.
export async function accessToken(config, browser) {
  const kept = JSON.parse(browser.sessionStorage.getItem(TOKENS) ?? "null");
  if (!kept) return null;
  if (kept.until > Date.now() + EARLY_MS) return kept.access;
  try {
    return (await exchange(config, browser, { grant_type: "refresh_token", refresh_token: kept.refresh }, kept)).access;
  } catch {
    browser.sessionStorage.removeItem(TOKENS);
    return null;
  }
}

// Who has signed in, as the page shows it. That it is true is for the API to check.
export function user(browser) {
  const kept = JSON.parse(browser.sessionStorage.getItem(TOKENS) ?? "null");
  if (!kept) return null;
  const { sub, email } = JSON.parse(atob(kept.id.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  return { id: sub, email };
}

// Forget the tokens. Returns the address to go to.
export function leave(config, browser) {
  browser.sessionStorage.removeItem(TOKENS);
  return `${config.sign_in_url}/logout?${new URLSearchParams({ client_id: config.client_id, logout_uri: here(browser) })}`;
}

async function exchange(config, browser, form, before = {}) {
  const answer = await browser.fetch(`${config.sign_in_url}/oauth2/token`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ client_id: config.client_id, ...form }),
  });
  if (!answer.ok) throw new Error(`Signing in failed (${answer.status}). Try again.`);
  const said = await answer.json();
  const kept = {
    access: said.access_token,
    id: said.id_token ?? before.id,
    refresh: said.refresh_token ?? before.refresh, // each is good for one use
    until: Date.now() + said.expires_in * 1000,
  };
  browser.sessionStorage.setItem(TOKENS, JSON.stringify(kept));
  return kept;
}
