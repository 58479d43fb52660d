#include "checkout.h"

#include "metrics.h"

namespace {
nlohmann::json hold_of(const Order& order) { return {{"key", order.key}, {"items", order.asked.at("items")}}; }
}  // namespace

void Checkout::go_on(xray::Segment& segment, Order& order, const std::string& owner) {
  segment.annotate("order", order.key);
  Step step = order.state == "cancelling" ? Step::refused : place(segment, order, owner);
  // Once the money may have been taken the order is only ever finished.
  const bool settled = order.payment == "capturing" || order.payment == "captured";
  if (step == Step::unknown && order.old && !settled && order.state == "placing") {
    order.reason = "it could not be placed in time";
    step = Step::refused;
  }
  if (step == Step::refused && !settled) {
    order.state = "cancelling";
    orders_.keep(segment, order, owner);
    step = undo(segment, order, owner);
  }
  if (step == Step::done) {
    metrics::ended(order.state);
  } else {
    orders_.leave(segment, order.key, owner);
  }
  segment.annotate("state", order.state);
}

Checkout::Step Checkout::place(xray::Segment& segment, Order& order, const std::string& owner) {
  if (order.payment != "capturing" && order.payment != "captured") {
    const Said held = inventory_.ask(segment, "/api/holds", hold_of(order));
    if (!held.done()) return judge(held, order);
    const Said quoted = shipping_.ask(segment, "/api/shipping/quotes",
                                      {{"country", order.asked.at("country")}, {"grams", held.body.at("grams")}});
    if (!quoted.done()) return judge(quoted, order);
    const bool priced = !order.payment.empty();  // before the price changed, maybe
    const long now = held.body.at("cents").get<long>() + quoted.body.at("cents").get<long>();
    const long cents = priced ? order.cents : now;
    if (order.asked.contains("total_cents") && order.asked["total_cents"] != cents) {
      order.reason = "the total is now " + std::to_string(cents);
      return Step::refused;
    }
    if (const Step step = authorise(segment, order, cents, owner); step != Step::done) return step;
    const Said taken = inventory_.ask(segment, "/api/holds/take", hold_of(order));
    if (!taken.done()) return judge(taken, order);
    // Before it is asked for: an answer that is lost must not be taken for a no.
    order.payment = "capturing";
    orders_.keep(segment, order, owner);
  }
  if (order.payment == "capturing") {
    const Said captured = payment_.ask(segment, "/api/payments/capture", {{"statement", order.statement}});
    if (captured.refused()) order.payment = "authorised";
    if (!captured.done()) return judge(captured, order);
    order.payment = "captured", order.statement = captured.body.at("statement");
    orders_.keep(segment, order, owner);
  }
  const Said labelled = shipping_.ask(segment, "/api/shipping/labels",
                                      {{"key", order.key},
                                   {"user", order.buyer},
                                   {"country", order.asked.at("country")}});
  if (!labelled.done()) return judge(labelled, order);
  order.label = labelled.body.at("label"), order.state = "confirmed", order.reason = "";
  orders_.keep(segment, order, owner);
  return Step::done;
}

Checkout::Step Checkout::undo(xray::Segment& segment, Order& order, const std::string& owner) {
  // An authorisation whose answer was lost is asked for again, so that there is something to void.
  if (order.payment == "asked") {
    if (const Step step = authorise(segment, order, order.cents, owner); step == Step::unknown) return step;
  }
  if (order.payment == "authorised") {
    const Said voided = payment_.ask(segment, "/api/payments/void", {{"statement", order.statement}});
    if (!voided.done() && !voided.refused()) return Step::unknown;
    order.payment = voided.done() ? "voided" : "not voided";  // which ends by itself, some days later
    orders_.keep(segment, order, owner);
  }
  const Said released = inventory_.ask(segment, "/api/holds/release", hold_of(order));
  if (!released.done() && !released.refused()) return Step::unknown;
  order.state = "cancelled";
  orders_.keep(segment, order, owner);
  return Step::done;
}

Checkout::Step Checkout::authorise(xray::Segment& segment, Order& order, long cents, const std::string& owner) {
  if (order.payment == "authorised") return Step::done;
  // Before it is asked for: whoever finds the order knows that there may be an authorisation, and of how much.
  order.payment = "asked", order.cents = cents;
  orders_.keep(segment, order, owner);
  const Said said = payment_.ask(segment, "/api/payments",
                                 {{"key", order.key}, {"user", order.buyer}, {"cents", cents}, {"currency", "USD"},
                                  {"method", order.asked.at("method")}});
  if (!said.done()) {
    if (said.refused()) order.payment = "declined";
    return judge(said, order);
  }
  order.payment = "authorised", order.statement = said.body.at("statement");
  orders_.keep(segment, order, owner);
  return Step::done;
}

Checkout::Step Checkout::judge(const Said& said, Order& order) {
  if (!said.refused()) return Step::unknown;
  if (order.reason.empty()) order.reason = said.why();
  return Step::refused;
}
