%% Users and their passwords in partitions: ejabberd's auth_method "shards".
-module(ejabberd_auth_shards).

-behaviour(ejabberd_auth).

-export([start/1, stop/1, plain_password_required/1, store_type/1, set_password/3, try_register/3,
         get_users/2, count_users/2, get_password/2, remove_user/2, use_cache/1]).

-include("scram.hrl").
-include("ejabberd_auth.hrl").

start(_Host) ->
    ok.

stop(_Host) ->
    ok.

%% A password is read at every login, so that a new one holds at once on every node.
use_cache(_Host) ->
    false.

plain_password_required(Host) ->
    store_type(Host) =:= scram.

store_type(Host) ->
    ejabberd_auth:password_format(Host).

set_password(User, Host, Password) ->
    Table = shards:table(passwd, User),
    ok = shards:change(fun() -> mnesia:write(Table, row(User, Host, Password), write) end),
    {nocache, {ok, Password}}.

try_register(User, Host, Password) ->
    Table = shards:table(passwd, User),
    Register = fun() ->
                       case mnesia:read(Table, {User, Host}, write) of
                           [] ->
                               ok = mnesia:write(Table, row(User, Host, Password), write),
                               {ok, Password};
                           [_] ->
                               {error, exists}
                       end
               end,
    {nocache, shards:change(Register)}.

row(User, Host, Password) ->
    #passwd{us = {User, Host}, password = Password}.

get_users(Host, _Opts) ->
    lists:append([[Key || {_, At} = Key <- mnesia:dirty_all_keys(Table), At =:= Host]
                  || Table <- shards:tables(passwd)]).

count_users(_Host, _Opts) ->
    lists:sum([shards:size_of(Table) || Table <- shards:tables(passwd)]).

get_password(User, Host) ->
    case shards:read(shards:table(passwd, User), {User, Host}) of
        [#passwd{password = Password}] -> {nocache, {ok, Password}};
        [] -> {nocache, error}
    end.

remove_user(User, Host) ->
    Table = shards:table(passwd, User),
    shards:change(fun() -> mnesia:delete(Table, {User, Host}, write) end).
