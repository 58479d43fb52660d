#include "index.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "redis.h"

namespace {
// Takes a driver's newest place and answers with the cell that the driver was in before, so that of several
// that move a driver at once each clears away what it itself replaced. An older report changes nothing.
const char* const kMove = R"(
local had = redis.call('HMGET', KEYS[1], 'cell', 'ts')
if had[2] and tonumber(had[2]) > tonumber(ARGV[4]) then return {had[1] or '', 0} end
redis.call('HSET', KEYS[1], 'cell', ARGV[1], 'lat', ARGV[2], 'lng', ARGV[3], 'ts', ARGV[4], 'status', ARGV[5],
           'rating', ARGV[6])
redis.call('EXPIRE', KEYS[1], 86400)
return {had[1] or '', 1}
)";

std::string driver_key(const std::string& driver) { return "driver:{" + driver + "}"; }

std::string cell_key(const std::string& token) { return "cell:{" + token + "}"; }

std::vector<const Update*> newest(const std::vector<Update>& updates) {
  std::vector<const Update*> kept;
  std::unordered_map<std::string, size_t> places;
  for (const Update& update : updates) {
    const auto [place, first] = places.emplace(update.driver, kept.size());
    if (first) {
      kept.push_back(&update);
    } else if (update.ts >= kept[place->second]->ts) {
      kept[place->second] = &update;
    }
  }
  return kept;
}
}  // namespace

void write(const std::string& address, const Live& live, const std::vector<Update>& updates) {
  const std::vector<const Update*> kept = newest(updates);
  std::vector<Command> writes;
  std::vector<std::string> tokens;
  for (const Update* update : kept) {
    tokens.push_back(live.partition(update->leaf).ToToken());
    const nlohmann::json entry{{"lat", update->lat},
                               {"lng", update->lng},
                               {"ts", update->ts},
                               {"status", update->status},
                               {"rating", update->rating}};
    // First where it is going, so that it is never nowhere.
    writes.push_back({"HSET", cell_key(tokens.back()), update->driver, entry.dump()});
    writes.push_back({"EVAL", kMove, "1", driver_key(update->driver), tokens.back(), entry["lat"].dump(),
                      entry["lng"].dump(), entry["ts"].dump(), update->status, entry["rating"].dump()});
  }
  const auto answers = ask(address, writes);
  std::vector<Command> clears;
  for (size_t i = 0; i < kept.size(); i++) {
    const redisReply* moved = answers[2 * i + 1].get();
    const std::string before = text(moved->element[0]);
    if (before.empty() || before == tokens[i]) continue;
    const bool taken = moved->element[1]->integer == 1;
    clears.push_back({"HDEL", cell_key(taken ? before : tokens[i]), kept[i]->driver});
  }
  if (!clears.empty()) ask(address, clears);
}

std::optional<Place> place(const std::string& address, const std::string& driver) {
  const auto answers = ask(address, {{"HMGET", driver_key(driver), "lat", "lng", "ts", "status"}});
  const auto said = [&answers](size_t field) { return text(answers[0]->element[field]); };
  if (said(0).empty() || said(1).empty() || said(2).empty() || said(3) == "offline") return {};
  return Place{std::stod(said(0)), std::stod(said(1)), std::stol(said(2))};
}
