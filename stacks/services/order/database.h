// Connections to MySQL over TLS, to a server that proves who it is, by a login that a secret says and changes.
#pragma once

#include <mariadb/mysql.h>

#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "aws.h"

// MySQL does not answer, or not as it should. `number` is its own, or the client's:
// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
struct DatabaseError : std::runtime_error {
  DatabaseError(unsigned number, const std::string& words) : std::runtime_error(words), number(number) {}
  const unsigned number;
};

using Row = std::vector<std::string>;  // a NULL is ""

struct Result {
  std::vector<Row> rows;
  unsigned long matched = 0;  // rows that a change was for, changed or not
};

class Database {
 public:
  // `name`: the database, made where it is not there. `authority`: a file with who vouches for the server.
  Database(const std::string& address, std::string name, std::string authority, std::string secret_arn);

  // Runs one statement, its values bound to its question marks. A connection that was lost is made anew once.
  Result run(const std::string& statement, const std::vector<std::string>& values = {});

 private:
  struct Close {
    void operator()(MYSQL* connection) const { mysql_close(connection); }
  };
  using Connection = std::unique_ptr<MYSQL, Close>;

  Connection idle();
  Connection dial();
  Connection dial_as(const std::string& user, const std::string& password, bool to_database);
  void keep(Connection connection);

  std::string host_;
  unsigned port_ = 3306;
  const std::string name_, authority_, secret_arn_;
  Identity identity_;
  std::mutex guard_;
  std::vector<Connection> idle_;
  std::string user_, password_;
};
