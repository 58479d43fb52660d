%% What users leave behind, in partitions: each is a table of Mnesia with a copy in two zones.
%%
%% A partition's owner is stores[partition rem length(stores)] and its standby the next of the list. Both
%% have the table in memory and on disc, where Mnesia appends: every commit to LATEST.LOG, and from there to
%% a log of the table's own (https://www.erlang.org/doc/apps/mnesia/mnesia_chap7). A copy that is away misses
%% what is written, holds nobody up, and fetches the table from the other when it is back.
-module(shards).

-export([join/0, state/0, trim/0]).
-export([partition/1, table/2, tables/1, holders/1, read/2, size_of/1, change/1]).

-include("xmpp.hrl").
-include("scram.hrl").
-include("mod_offline.hrl").
-include("ejabberd_auth.hrl").

-type kind() :: offline | passwd.

-define(TRIES, 10).
-define(PAUSE, 100).

kinds() ->
    [{offline, [{type, bag}, {record_name, offline_msg}, {attributes, record_info(fields, offline_msg)}]},
     {passwd, [{type, set}, {record_name, passwd}, {attributes, record_info(fields, passwd)}]}].

%% Before ejabberd starts, which would make tables of its own and then could not join any other node.
-spec join() -> ok.
join() ->
    ok = application:load({application, ?MODULE, [{vsn, "1"}, {modules, [?MODULE]}, {applications, []}]}),
    {ok, Partitions} = application:get_env(?MODULE, partitions),
    lists:foreach(
      fun({Kind, _}) ->
              Names = [name(Kind, N) || N <- lists:seq(0, Partitions - 1)],
              persistent_term:put({?MODULE, Kind}, list_to_tuple(Names))
      end, kinds()),
    case lists:member(node(), stores()) of
        true -> keep(stores() -- [node()]);
        false -> borrow()
    end,
    one_at_a_time().

%% ejabberd gives up when another node makes a table of ejabberd's own at the same time.
one_at_a_time() ->
    Starter = self(),
    spawn(fun() ->
                  Lock = {{?MODULE, start}, self()},
                  locked(Lock),
                  Starter ! {?MODULE, first},
                  until_started(),
                  global:del_lock(Lock)
          end),
    receive {?MODULE, first} -> ok end.

%% Not with global's own patience, whose pauses grow to seconds.
locked(Lock) ->
    case global:set_lock(Lock, [node() | nodes()], 0) of
        true -> ok;
        false -> timer:sleep(50 + rand:uniform(50)), locked(Lock)
    end.

until_started() ->
    case init:get_status() of
        {started, _} -> ok;
        {_, _} -> timer:sleep(10), until_started()
    end.

name(Kind, N) ->
    list_to_atom(lists:concat([Kind, "_", N])).

stores() ->
    {ok, Stores} = application:get_env(?MODULE, stores),
    Stores.

%% What this node has on its disc: `kept`, `empty`, or `starting` while nobody should join through it.
-spec state() -> kept | empty | starting.
state() ->
    case {mnesia:system_info(use_dir), mnesia:system_info(is_running)} of
        {false, _} -> empty;
        {true, yes} -> kept;
        {true, _} -> starting
    end.

%% A node that keeps tables. One with an empty disc joins those that have something; if nobody has, and all
%% were asked, the first begins.
keep(Others) ->
    case {state(), [{state_of(Node), Node} || Node <- Others]} of
        {empty, States} ->
            Empty = [Node || {empty, Node} <- States],
            [First | _] = stores(),
            case proplists:get_value(kept, States) of
                undefined when length(Empty) =:= length(Others), node() =:= First ->
                    ok = mnesia:create_schema([node()]),
                    start_mnesia();
                undefined ->
                    timer:sleep(?PAUSE),
                    keep(Others);
                Member ->
                    %% It was a member before it lost its disc, or never: then there is nothing to forget.
                    rpc:call(Member, mnesia, del_table_copy, [schema, node()]),
                    application:set_env(mnesia, extra_db_nodes, [Member]),
                    start_mnesia(),
                    {atomic, ok} = mnesia:change_table_copy_type(schema, node(), disc_copies)
            end;
        {_, _} ->
            start_mnesia()
    end,
    [place(name(Kind, N), Definition) || {Kind, Definition} <- kinds(), N <- kept_here()],
    ok.

state_of(Node) ->
    rpc:call(Node, ?MODULE, state, []).

start_mnesia() ->
    ok = application:start(mnesia, permanent).

kept_here() ->
    [N || N <- lists:seq(0, tuple_size(persistent_term:get({?MODULE, passwd})) - 1),
          lists:member(node(), holders(N))].

place(Table, Definition) ->
    case lists:member(Table, mnesia:system_info(tables)) of
        true ->
            case lists:member(node(), mnesia:table_info(Table, disc_copies)) of
                true -> ok;
                false -> added(mnesia:add_table_copy(Table, node(), disc_copies))
            end;
        false ->
            case mnesia:create_table(Table, [{disc_copies, [node()]} | Definition]) of
                {atomic, ok} -> ok;
                {aborted, {already_exists, Table}} -> place(Table, Definition)
            end
    end.

added({atomic, ok}) -> ok;
added({aborted, {already_exists, _, _}}) -> ok.

%% A node without tables: its schema is in memory, and comes from the nodes that keep them.
borrow() ->
    All = [name(Kind, N) || {Kind, _} <- kinds(),
                            N <- lists:seq(0, tuple_size(persistent_term:get({?MODULE, Kind})) - 1)],
    case [Node || Node <- stores(), All -- known_to(Node) =:= []] of
        [] ->
            timer:sleep(?PAUSE),
            borrow();
        Nodes ->
            application:set_env(mnesia, schema_location, ram),
            application:set_env(mnesia, extra_db_nodes, Nodes),
            start_mnesia()
    end.

known_to(Node) ->
    case rpc:call(Node, mnesia, system_info, [tables]) of
        Tables when is_list(Tables) -> Tables;
        _ -> []
    end.

%% Gives up the copies that other nodes have by the present list of stores: the end of moving partitions.
-spec trim() -> [{atom(), ok | {kept, term()}}].
trim() ->
    [{Table, gone(Table, holders(N))} || {Kind, _} <- kinds(),
                                         {N, Table} <- lists:enumerate(0, tables(Kind)),
                                         lists:member(node(), mnesia:table_info(Table, disc_copies)),
                                         not lists:member(node(), holders(N))].

gone(Table, Holders) ->
    case Holders -- mnesia:table_info(Table, active_replicas) of
        [] ->
            {atomic, ok} = mnesia:del_table_copy(Table, node()),
            ok;
        Missing ->
            {kept, Missing}
    end.

-spec partition(binary()) -> non_neg_integer().
partition(User) ->
    erlang:phash2(User) rem tuple_size(persistent_term:get({?MODULE, passwd})).

-spec table(kind(), binary()) -> atom().
table(Kind, User) ->
    element(partition(User) + 1, persistent_term:get({?MODULE, Kind})).

-spec tables(kind()) -> [atom()].
tables(Kind) ->
    tuple_to_list(persistent_term:get({?MODULE, Kind})).

%% The nodes that should have a partition: its owner, and its standby where there is a second node.
-spec holders(non_neg_integer()) -> [node()].
holders(Partition) ->
    Stores = stores(),
    lists:usort([lists:nth((Partition + Step) rem length(Stores) + 1, Stores) || Step <- [0, 1]]).

%% Without a transaction. Between the loss of a copy and the news of it the table seems to be gone.
-spec read(atom(), term()) -> [tuple()].
read(Table, Key) ->
    again(fun() -> {atomic, mnesia:dirty_read(Table, Key)} end, ?TRIES).

%% How many rows a table has, asked of a node that has it: elsewhere Mnesia says 0.
-spec size_of(atom()) -> non_neg_integer().
size_of(Table) ->
    case rpc:call(mnesia:table_info(Table, where_to_read), mnesia, table_info, [Table, size]) of
        Size when is_integer(Size) -> Size;
        {badrpc, _} -> 0
    end.

%% In a transaction that returns when every copy that is there has it in its log.
-spec change(fun(() -> Result)) -> Result.
change(Change) ->
    again(fun() -> mnesia:sync_transaction(Change) end, ?TRIES).

again(Attempt, Left) ->
    case catch Attempt() of
        {atomic, Result} ->
            Result;
        _ when Left > 1 ->
            timer:sleep(?PAUSE),
            again(Attempt, Left - 1);
        Failure ->
            exit({shards, Failure})
    end.
