// How an order is placed: a saga. Each step may be asked for again, and until the money is taken all can be undone.
#pragma once

#include "calls.h"
#include "orders.h"

class Checkout {
 public:
  Checkout(Orders& orders, Server inventory, Server payment, Server shipping)
      : orders_(orders),
        inventory_(std::move(inventory)),
        payment_(std::move(payment)),
        shipping_(std::move(shipping)) {}

  // Goes on with an order that `owner` has, as far as it comes, and keeps where it stands. What the others do not
  // answer is left to be asked again.
  void go_on(xray::Segment& segment, Order& order, const std::string& owner);

 private:
  enum class Step { done, refused, unknown };

  Step place(xray::Segment& segment, Order& order, const std::string& owner);
  Step undo(xray::Segment& segment, Order& order, const std::string& owner);
  Step authorise(xray::Segment& segment, Order& order, long cents, const std::string& owner);
  static Step judge(const Said& said, Order& order);

  Orders& orders_;
  const Server inventory_, payment_, shipping_;
};
