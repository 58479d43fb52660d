// What riders ask of the API, under the page's own host. Trouble is an Error in words for them.

const WORDS = {
  401: "Please sign in.",
  404: "No driver is near. Try again in a minute.",
  429: "Many are asking here. Try again in a moment.",
  503: "Too much is going on. Try again in a moment.",
};

export class Api {
  // `token`: gives the access token, or null. `crypto`: the page's.
  constructor(fetch, token, crypto) {
    this.fetch = fetch;
    this.token = token;
    this.crypto = crypto;
    this.request = null;
  }

  // Asked again after trouble it is the same request, so that a driver whose answer was lost is not sent twice.
  async ride(rider, lat, lng) {
    this.request ??= this.crypto.randomUUID();
    const body = JSON.stringify({ rider, request: this.request, lat, lng });
    const ride = await this.ask("/api/rides", { method: "POST", body });
    this.request = null;
    return ride;
  }

  // A trip appears a moment after its ride was given: until then there is none.
  trip(id) {
    return this.ask(`/api/trips/${encodeURIComponent(id)}`, {}, [404]);
  }

  // Where a driver is, {lat, lng}, or null where that is not told.
  driver(id) {
    return this.ask(`/api/locations/${encodeURIComponent(id)}`, {}, [403, 404, 405]);
  }

  async ask(path, options, nothing = []) {
    const token = await this.token();
    const headers = { Accept: "application/json", ...(options.body ? { "Content-Type": "application/json" } : {}) };
    if (token) headers.Authorization = `Bearer ${token}`;
    let answer;
    try {
      answer = await this.fetch(path, { ...options, headers, cache: "no-store" });
    } catch {
      throw new Error("Nothing answers. Are you online?");
    }
    if (nothing.includes(answer.status)) return null;
    if (!answer.ok) throw new Error(WORDS[answer.status] ?? `That did not work (${answer.status}).`);
    return answer.json();
  }
}
