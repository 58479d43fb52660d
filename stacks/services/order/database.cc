#include "database.h"

#include <mariadb/errmsg.h>
#include <mariadb/mysqld_error.h>

#include <iostream>

#include "metrics.h"

namespace {
constexpr size_t kMostIdle = 32;
constexpr unsigned kSeconds = 3;
constexpr size_t kLongest = 16 * 1024;  // of a value that is read

[[noreturn]] void fail(MYSQL* connection) { throw DatabaseError(mysql_errno(connection), mysql_error(connection)); }

bool lost(const DatabaseError& error) {
  return error.number == CR_SERVER_GONE_ERROR || error.number == CR_SERVER_LOST ||
         error.number == ER_OPTION_PREVENTS_STATEMENT;  // it is only read there, since it failed over
}

struct Statement {
  explicit Statement(MYSQL* connection) : itself(mysql_stmt_init(connection)) {}
  ~Statement() { mysql_stmt_close(itself); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  void check(bool failed) const {
    if (failed) throw DatabaseError(mysql_stmt_errno(itself), mysql_stmt_error(itself));
  }
  MYSQL_STMT* itself;
};

std::vector<Row> rows_of(const Statement& statement) {
  const unsigned columns = mysql_stmt_field_count(statement.itself);
  std::vector<Row> rows;
  if (!columns) return rows;
  std::vector<std::string> texts(columns, std::string(kLongest, '\0'));
  std::vector<unsigned long> lengths(columns);
  std::vector<my_bool> nulls(columns);
  std::vector<MYSQL_BIND> bound(columns);
  for (unsigned i = 0; i < columns; i++) {
    bound[i].buffer_type = MYSQL_TYPE_STRING;
    bound[i].buffer = texts[i].data();
    bound[i].buffer_length = kLongest;
    bound[i].length = &lengths[i];
    bound[i].is_null = &nulls[i];
  }
  statement.check(mysql_stmt_bind_result(statement.itself, bound.data()));
  statement.check(mysql_stmt_store_result(statement.itself));
  int fetched = 0;
  while ((fetched = mysql_stmt_fetch(statement.itself)) == 0) {
    Row row;
    for (unsigned i = 0; i < columns; i++) row.push_back(nulls[i] ? "" : texts[i].substr(0, lengths[i]));
    rows.push_back(row);
  }
  statement.check(fetched == 1);
  if (fetched == MYSQL_DATA_TRUNCATED) throw DatabaseError(0, "a value is longer than any of ours");
  return rows;
}

Result run_on(MYSQL* connection, const std::string& text, const std::vector<std::string>& values) {
  const Stopwatch watch(metrics::mysql_seconds);
  const Statement statement(connection);
  if (!statement.itself) fail(connection);
  statement.check(mysql_stmt_prepare(statement.itself, text.data(), text.size()));
  std::vector<MYSQL_BIND> bound(values.size());
  for (size_t i = 0; i < values.size(); i++) {
    bound[i].buffer_type = MYSQL_TYPE_STRING;
    bound[i].buffer = const_cast<char*>(values[i].data());
    bound[i].buffer_length = values[i].size();
  }
  if (!values.empty()) statement.check(mysql_stmt_bind_param(statement.itself, bound.data()));
  statement.check(mysql_stmt_execute(statement.itself));
  return {rows_of(statement), static_cast<unsigned long>(mysql_stmt_affected_rows(statement.itself))};
}
}  // namespace

Database::Database(const std::string& address, std::string name, std::string authority, std::string secret_arn)
    : name_(std::move(name)), authority_(std::move(authority)), secret_arn_(std::move(secret_arn)) {
  const size_t colon = address.rfind(':');
  host_ = address.substr(0, colon);
  if (colon != std::string::npos) port_ = static_cast<unsigned>(std::stoul(address.substr(colon + 1)));
}

Result Database::run(const std::string& statement, const std::vector<std::string>& values) {
  Connection connection = idle();
  const bool used = connection != nullptr;
  if (!used) connection = dial();
  try {
    Result result = run_on(connection.get(), statement, values);
    keep(std::move(connection));
    return result;
  } catch (const DatabaseError& error) {
    if (!lost(error)) {
      keep(std::move(connection));
      throw;
    }
    if (!used) throw;
  }
  {
    // What else lies idle was lost in the same way.
    const std::lock_guard<std::mutex> lock(guard_);
    idle_.clear();
  }
  connection = dial();
  Result result = run_on(connection.get(), statement, values);
  keep(std::move(connection));
  return result;
}

Database::Connection Database::idle() {
  const std::lock_guard<std::mutex> lock(guard_);
  if (idle_.empty()) return nullptr;
  Connection connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Database::keep(Connection connection) {
  const std::lock_guard<std::mutex> lock(guard_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
}

Database::Connection Database::dial() {
  std::string user, password;
  {
    const std::lock_guard<std::mutex> lock(guard_);
    user = user_, password = password_;
  }
  for (const bool anew : {user.empty(), true}) {
    if (anew) {
      try {
        const nlohmann::json login = secret(identity_, secret_arn_);
        user = login.at("username"), password = login.at("password");
      } catch (const std::exception& error) {
        throw DatabaseError(CR_CONNECTION_ERROR, std::string("no login: ") + error.what());
      }
      const std::lock_guard<std::mutex> lock(guard_);
      user_ = user, password_ = password;
    }
    try {
      return dial_as(user, password, true);
    } catch (const DatabaseError& error) {
      if (error.number == ER_BAD_DB_ERROR) {
        const Connection connection = dial_as(user, password, false);
        run_on(connection.get(), "CREATE DATABASE IF NOT EXISTS `" + name_ + "`", {});
        return dial_as(user, password, true);
      }
      if (error.number != ER_ACCESS_DENIED_ERROR || anew) throw;  // else the password has been rotated
    }
  }
  throw DatabaseError(ER_ACCESS_DENIED_ERROR, "the login of the secret is refused");
}

Database::Connection Database::dial_as(const std::string& user, const std::string& password, bool to_database) {
  Connection connection(mysql_init(nullptr));
  const my_bool verified = 1;
  mysql_optionsv(connection.get(), MYSQL_OPT_CONNECT_TIMEOUT, &kSeconds);
  mysql_optionsv(connection.get(), MYSQL_OPT_READ_TIMEOUT, &kSeconds);
  mysql_optionsv(connection.get(), MYSQL_OPT_WRITE_TIMEOUT, &kSeconds);
  mysql_optionsv(connection.get(), MYSQL_OPT_SSL_CA, authority_.c_str());
  mysql_optionsv(connection.get(), MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verified);
  mysql_optionsv(connection.get(), MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const char* database = to_database ? name_.c_str() : nullptr;
  if (!mysql_real_connect(connection.get(), host_.c_str(), user.c_str(), password.c_str(), database, port_, nullptr,
                          CLIENT_FOUND_ROWS)) {
    fail(connection.get());
  }
  return connection;
}
