%% mod_offline's messages in partitions: its db_type "shards".
-module(mod_offline_shards).

-behaviour(mod_offline).

-export([init/2, import/1, store_message/1, pop_messages/2, remove_expired_messages/1,
         remove_old_messages/2, remove_user/2, read_message_headers/2, read_message/3, remove_message/3,
         read_all_messages/2, remove_all_messages/2, count_messages/2, use_cache/1]).

-include("xmpp.hrl").
-include("mod_offline.hrl").

init(_Host, _Opts) ->
    ok.

%% Counts are asked of the table, so that they hold on every node.
use_cache(_Host) ->
    false.

import(Message) ->
    insert(Message).

store_message(#offline_msg{packet = Packet} = Message) ->
    try insert(Message#offline_msg{packet = xmpp:encode(Packet)})
    catch exit:{shards, Reason} -> {error, Reason}
    end.

insert(#offline_msg{us = {User, _}} = Message) ->
    Table = shards:table(offline, User),
    shards:change(fun() -> mnesia:write(Table, Message, write) end).

pop_messages(User, Server) ->
    Table = shards:table(offline, User),
    Take = fun() ->
                   Messages = mnesia:read(Table, {User, Server}, write),
                   mnesia:delete(Table, {User, Server}, write),
                   Messages
           end,
    try {ok, in_order(shards:change(Take))}
    catch exit:{shards, Reason} -> {error, Reason}
    end.

in_order(Messages) ->
    lists:keysort(#offline_msg.timestamp, Messages).

remove_expired_messages(_Server) ->
    Now = erlang:timestamp(),
    sweep(fun(#offline_msg{expire = Expire}) -> Expire =/= never andalso Expire < Now end).

remove_old_messages(Days, _Server) ->
    Seconds = erlang:system_time(second) - 86400 * Days,
    Oldest = {Seconds div 1000000, Seconds rem 1000000, 0},
    sweep(fun(#offline_msg{timestamp = Stamp}) -> Stamp < Oldest end).

%% One user after the other, so that a partition is never locked as a whole.
sweep(Over) ->
    [remove(Table, Key, Over) || Table <- shards:tables(offline), Key <- mnesia:dirty_all_keys(Table)],
    {atomic, ok}.

remove(Table, Key, Over) ->
    shards:change(
      fun() ->
              [mnesia:delete_object(Table, Message, write)
               || Message <- mnesia:read(Table, Key, write), Over(Message)],
              ok
      end).

remove_user(User, Server) ->
    remove_all_messages(User, Server).

read_message_headers(User, Server) ->
    [{number(Stamp), From, To, Stamp, Packet}
     || #offline_msg{from = From, to = To, timestamp = Stamp, packet = Packet}
            <- read_all_messages(User, Server)].

read_message(User, Server, Number) ->
    case [One || One <- read_all_messages(User, Server), number(One#offline_msg.timestamp) =:= Number] of
        [Message | _] -> {ok, Message};
        [] -> error
    end.

remove_message(User, Server, Number) ->
    case read_message(User, Server, Number) of
        {ok, #offline_msg{timestamp = Stamp}} ->
            remove(shards:table(offline, User), {User, Server},
                   fun(One) -> One#offline_msg.timestamp =:= Stamp end);
        error ->
            {error, notfound}
    end.

read_all_messages(User, Server) ->
    in_order(shards:read(shards:table(offline, User), {User, Server})).

remove_all_messages(User, Server) ->
    Table = shards:table(offline, User),
    {atomic, shards:change(fun() -> mnesia:delete(Table, {User, Server}, write) end)}.

count_messages(User, Server) ->
    {nocache, length(shards:read(shards:table(offline, User), {User, Server}))}.

number({Mega, Seconds, Micro}) ->
    (Mega * 1000000 + Seconds) * 1000000 + Micro.
