// The page: its settings, who has signed in, and what is seen. Without a sign-in page in config.json anyone may ask.
import { Api } from "./api.mjs";
import { accessToken, begin, finish, leave, user } from "./sign-in.mjs";
import { views } from "./view.mjs";

const { React, ReactDOM, crypto, history, location, sessionStorage } = window;
const fetch = window.fetch.bind(window);
const browser = { crypto, fetch, history, location, sessionStorage };

const locate = (found) =>
  navigator.geolocation?.getCurrentPosition(({ coords }) =>
    found({ lat: coords.latitude.toFixed(6), lng: coords.longitude.toFixed(6) }));

async function start() {
  const config = await (await fetch("config.json")).json();
  const needed = Boolean(config.sign_in_url);
  let trouble = "";
  if (needed) await finish(config, browser).catch((error) => { trouble = error.message; });
  const token = () => (needed ? accessToken(config, browser) : null);
  const account = {
    needed,
    user: needed && (await token()) ? user(browser) : null,
    signIn: async () => location.assign(await begin(config, browser)),
    signOut: () => location.assign(leave(config, browser)),
  };
  const { Portal } = views(React);
  const page = React.createElement(Portal, { api: new Api(fetch, token, crypto), account, locate, trouble });
  ReactDOM.createRoot(document.getElementById("portal")).render(page);
}

start().catch((error) => {
  document.getElementById("portal").textContent = `The page does not start: ${error.message}`;
});
