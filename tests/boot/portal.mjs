// Runs the portal's own files in node, with a browser and a server that the test makes up. Prints what was seen.
import { webcrypto } from "node:crypto";
import { pathToFileURL } from "node:url";

const [folder, scene] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(`${folder}/${file}`));
const signIn = await load("sign-in.mjs");
const { Api } = await load("api.mjs");
const { placed } = await load("view.mjs");

const CONFIG = { sign_in_url: "https://in.example.com", client_id: "abc", scopes: "openid rides/ride" };
const answer = (status, body) => ({ ok: status < 400, status, json: async () => body });
const part = (claims) => Buffer.from(JSON.stringify(claims)).toString("base64url");
const ID = `x.${part({ sub: "u1", email: "a@example.com" })}.y`;

function browser(answers = []) {
  const kept = new Map(), asked = [];
  return {
    asked,
    crypto: webcrypto,
    location: { origin: "https://rides.example.com", pathname: "/", search: "" },
    history: { replaceState() {} },
    sessionStorage: {
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, value) => kept.set(key, value),
      removeItem: (key) => kept.delete(key),
    },
    fetch: async (url, options) => {
      asked.push({ url, body: Object.fromEntries(new URLSearchParams(options.body)), options });
      return answers.shift();
    },
  };
}

const tokens = (access, seconds, refresh) => answer(200, {
  access_token: access, id_token: ID, expires_in: seconds, ...(refresh ? { refresh_token: refresh } : {}),
});

const scenes = {
  // The example of RFC 7636, appendix B.
  proof: () => signIn.challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", webcrypto),

  async "sign-in"() {
    const page = browser([tokens("t1", 900, "r1")]);
    const to = new URL(await signIn.begin(CONFIG, page));
    const asked = Object.fromEntries(to.searchParams);
    page.location.search = `?code=c1&state=${asked.state}`;
    await signIn.finish(CONFIG, page);
    const sent = page.asked[0].body;
    return {
      to: to.origin + to.pathname, asked, sent, user: signIn.user(page), token: await signIn.accessToken(CONFIG, page),
      proved: asked.code_challenge === (await signIn.challenge(sent.code_verifier, webcrypto)),
    };
  },

  async forged() {
    const page = browser();
    await signIn.begin(CONFIG, page);
    page.location.search = "?code=stolen&state=theirs";
    const said = await signIn.finish(CONFIG, page).catch((error) => error.message);
    return { said, asked: page.asked.length, token: await signIn.accessToken(CONFIG, page) };
  },

  async refresh() {
    const page = browser([tokens("t1", 1, "r1"), tokens("t2", 1, "r2"), answer(400, {})]);
    const { state } = Object.fromEntries(new URL(await signIn.begin(CONFIG, page)).searchParams);
    page.location.search = `?code=c1&state=${state}`;
    await signIn.finish(CONFIG, page);
    const seen = [await signIn.accessToken(CONFIG, page), await signIn.accessToken(CONFIG, page)];
    return { seen, used: page.asked.slice(1).map((one) => one.body.refresh_token), user: signIn.user(page) };
  },

  async api() {
    const asked = [], answers = [answer(200, { trip: "t" }), answer(404, {}), answer(404, {}), answer(503, {})];
    const fetch = async (path, options) => (asked.push([path, options.method, options.headers.Authorization]), answers.shift());
    const api = new Api(fetch, async () => "token", webcrypto);
    const ride = await api.ride("u1", 1, 2), none = await api.trip("a/b");
    const troubles = [];
    for (let i = 0; i < 2; i++) await api.ride("u1", 1, 2).catch((error) => troubles.push(error.message));
    return { ride, none, troubles, asked };
  },

  async again() {
    const sent = [], answers = [503, 404, 200, 200].map((status) => answer(status, {}));
    const fetch = async (_, options) => (sent.push(JSON.parse(options.body)), answers.shift() ?? Promise.reject());
    const api = new Api(fetch, async () => null, webcrypto);
    for (let i = 0; i < 6; i++) await api.ride("u1", 1, i).catch(() => {});
    return sent;
  },

  map: () => placed({ lat: 60, lng: 10 }, { lat: 60, lng: 10.2 }),
};

console.log(JSON.stringify(await scenes[scene]()));
