%% Users and their passwords in partitions: ejabberd's auth_method "shards".
%%
%% From ejabberd 25.03 on a user may have several passwords, one for each way of hashing them, and comes with a
%% list: a row has what its writer gave, and a reader gets what it knows.
-module(ejabberd_auth_shards).

-behaviour(ejabberd_auth).

-export([start/1, stop/1, plain_password_required/1, store_type/1, set_password/3, try_register/3,
         set_password_multiple/3, try_register_multiple/3, get_users/2, count_users/2, get_password/2,
         remove_user/2, use_cache/1]).

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

set_password_multiple(User, Host, Passwords) ->
    set_password(User, Host, Passwords).

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

try_register_multiple(User, Host, Passwords) ->
    try_register(User, Host, Passwords).

row(User, Host, Password) ->
    #passwd{us = {User, Host}, password = Password}.

get_users(Host, _Opts) ->
    lists:append([[Key || {_, At} = Key <- mnesia:dirty_all_keys(Table), At =:= Host]
                  || Table <- shards:tables(passwd)]).

count_users(_Host, _Opts) ->
    lists:sum([shards:size_of(Table) || Table <- shards:tables(passwd)]).

get_password(User, Host) ->
    case shards:read(shards:table(passwd, User), {User, Host}) of
        [#passwd{password = Password}] -> {nocache, {ok, known(Password, several())}};
        [] -> {nocache, error}
    end.

known([Password | _], false) -> Password;
known(Password, true) when not is_list(Password) -> [Password];
known(Password, _) -> Password.

%% The option came with the lists: https://www.process-one.net/blog/ejabberd-25-03/.
several() ->
    erlang:function_exported(ejabberd_option, auth_stored_password_types, 1).

remove_user(User, Host) ->
    Table = shards:table(passwd, User),
    shards:change(fun() -> mnesia:delete(Table, {User, Host}, write) end).
