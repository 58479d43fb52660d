// What a rider sees. `views(React)` gives the page; React comes from the page itself.

const STATES = ["requested", "accepted", "started", "completed"];
const ENDED = ["completed", "cancelled"];
const POLL_MS = 2000;

export const fareOf = (fare) => (fare == null ? "told later" : Number(fare).toFixed(2));
export const minutes = (seconds) => (seconds < 60 ? "less than a minute" : `${Math.ceil(seconds / 60)} min`);

// Two points in a square of 100, north above, the rider in its middle.
export function placed(rider, driver) {
  const east = (driver.lng - rider.lng) * Math.cos((rider.lat * Math.PI) / 180);
  const north = driver.lat - rider.lat;
  const reach = Math.max(Math.abs(east), Math.abs(north), 1e-6);
  return { x: 50 + (40 * east) / reach, y: 50 - (40 * north) / reach };
}

export function views(React) {
  const h = React.createElement;

  const Trouble = ({ text }) => (text ? h("p", { className: "trouble", role: "alert" }, text) : null);

  const States = ({ state }) =>
    h("ol", { className: "states" },
      [...STATES, ...(state === "cancelled" ? ["cancelled"] : [])].map((one) =>
        h("li", { key: one, "aria-current": one === state ? "step" : undefined }, one)));

  const Map = ({ rider, driver }) => {
    const { x, y } = placed(rider, driver);
    return h("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": "Where your driver is" },
      h("circle", { className: "rider", cx: 50, cy: 50, r: 3 }),
      h("circle", { className: "driver", cx: x, cy: y, r: 3 }));
  };

  const Trip = ({ ride, trip, driver, onNew }) =>
    h("section", null,
      h("h2", null, `Driver ${ride.driver}`),
      h("p", null, `Here in ${minutes(ride.eta_seconds)}; fare ${fareOf(trip?.fare ?? ride.fare)}.`),
      h(States, { state: trip?.state ?? "requested" }),
      driver ? h(Map, { rider: ride.from, driver }) : null,
      ENDED.includes(trip?.state) ? h("button", { onClick: onNew }, "Another ride") : null);

  const Asking = ({ busy, named, onAsk, locate }) => {
    const [at, setAt] = React.useState({ lat: "", lng: "", rider: "" });
    const field = (key, label, more = {}) =>
      h("label", more.wide ? { className: "wide" } : null, label,
        h("input", {
          required: true, value: at[key], ...more.input,
          onChange: (event) => setAt({ ...at, [key]: event.target.value }),
        }));
    const number = (limit) => ({ input: { type: "number", step: "any", min: -limit, max: limit } });
    const submit = (event) => {
      event.preventDefault();
      onAsk(at.rider, Number(at.lat), Number(at.lng));
    };
    return h("form", { onSubmit: submit },
      named ? null : field("rider", "Your name", { wide: true }),
      field("lat", "Latitude", number(90)),
      field("lng", "Longitude", number(180)),
      h("button", { type: "button", onClick: () => locate((found) => setAt({ ...at, ...found })) }, "Where I am"),
      h("button", { disabled: busy }, busy ? "Looking for a driver…" : "Ask for a ride"));
  };

  // `account`: {user, needed, signIn, signOut}; where `needed` is false anyone may ask.
  const Portal = ({ api, account, locate, trouble: before }) => {
    const [ride, setRide] = React.useState(null);
    const [trip, setTrip] = React.useState(null);
    const [driver, setDriver] = React.useState(null);
    const [busy, setBusy] = React.useState(false);
    const [trouble, setTrouble] = React.useState(before ?? "");

    const ask = async (rider, lat, lng) => {
      setBusy(true);
      setTrouble("");
      try {
        setRide({ ...(await api.ride(account.user?.id ?? rider, lat, lng)), from: { lat, lng } });
      } catch (error) {
        setTrouble(error.message);
      }
      setBusy(false);
    };
    React.useEffect(() => {
      if (!ride) return undefined;
      let ended = false;
      const look = async () => {
        try {
          const [found, where] = await Promise.all([api.trip(ride.trip), api.driver(ride.driver)]);
          if (ended) return;
          setTrip(found);
          setDriver(where);
          setTrouble("");
          ended = ENDED.includes(found?.state);
        } catch (error) {
          if (!ended) setTrouble(error.message);
        }
        if (!ended) timer = setTimeout(look, POLL_MS);
      };
      let timer = setTimeout(look, 0);
      return () => {
        ended = true;
        clearTimeout(timer);
      };
    }, [ride]);
    const again = () => [setRide, setTrip, setDriver].forEach((set) => set(null));

    const open = account.user || !account.needed;
    return h(React.Fragment, null,
      h("header", null, h("h1", null, "Rides"),
        account.user ? h("button", { onClick: account.signOut }, `Sign out ${account.user.email}`) : null),
      h(Trouble, { text: trouble }),
      !open ? h("button", { onClick: account.signIn }, "Sign in to ride") : null,
      open && !ride ? h(Asking, { busy, named: Boolean(account.user), onAsk: ask, locate }) : null,
      open && ride ? h(Trip, { ride, trip, driver, onNew: again }) : null);
  };

  return { Portal, Trip, Map, States };
}
