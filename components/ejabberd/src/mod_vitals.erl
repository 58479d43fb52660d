%% How the node is: numbers of the Erlang VM, of Mnesia, and of the messages that pass.
%%
%% Messages are counted since the node started. How long they take is measured: each gets the time of its
%% sending, which goes with it to another node or region, and is taken off before a client sees it.
-module(mod_vitals).

-behaviour(gen_mod).
-behaviour(gen_server).

-export([start/2, stop/1, depends/2, mod_options/1, mod_doc/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([sent/1, received/1, put_away/1, stored/1]).
-export([vitals/0]).

-include("xmpp.hrl").
-include("ejabberd_commands.hrl").

-define(NS, <<"urn:fourplane:sent">>).
-define(COUNTS, [messages_sent, messages_delivered, messages_stored, messages_failed, mnesia_overloads,
                 mnesia_partitions]).
%% A histogram: one bucket for each millisecond of the first second, then one for each second of a minute.
-define(BUCKETS, 1060).
-define(WINDOW, 60000).

start(Host, Opts) ->
    gen_mod:start_child(?MODULE, Host, Opts).

stop(Host) ->
    gen_mod:stop_child(?MODULE, Host).

depends(_Host, _Opts) ->
    [].

mod_options(_Host) ->
    [].

mod_doc() ->
    #{desc => "Says how the node is."}.

commands() ->
    [#ejabberd_commands{name = vitals, tags = [statistics], module = ?MODULE, function = vitals,
                        desc = "How the node is", args = [],
                        result = {vitals, {list, {vital, {tuple, [{name, atom}, {value, integer}]}}}}}].

hooks() ->
    [{user_send_packet, sent, 90}, {user_receive_packet, received, 90},
     {offline_message_hook, put_away, 10}, {offline_message_hook, stored, 90}].

init([Host, _Opts]) ->
    process_flag(trap_exit, true),
    persistent_term:put(?MODULE, {counters:new(length(?COUNTS), [write_concurrency]), new_window(),
                                  new_window()}),
    [ejabberd_hooks:add(Hook, Host, ?MODULE, Function, Order) || {Hook, Function, Order} <- hooks()],
    ejabberd_commands:register_commands(?MODULE, commands()),
    mnesia:subscribe(system),
    erlang:send_after(?WINDOW, self(), next_window),
    {ok, Host}.

terminate(_Reason, Host) ->
    [ejabberd_hooks:delete(Hook, Host, ?MODULE, Function, Order) || {Hook, Function, Order} <- hooks()],
    ejabberd_commands:unregister_commands(commands()).

handle_call(_Request, _From, Host) ->
    {reply, ok, Host}.

handle_cast(_Message, Host) ->
    {noreply, Host}.

handle_info({mnesia_system_event, {mnesia_overload, _}}, Host) ->
    count(mnesia_overloads),
    {noreply, Host};
handle_info({mnesia_system_event, {inconsistent_database, _, _}}, Host) ->
    count(mnesia_partitions),
    {noreply, Host};
handle_info(next_window, Host) ->
    {Counts, Now, _} = persistent_term:get(?MODULE),
    persistent_term:put(?MODULE, {Counts, new_window(), Now}),
    erlang:send_after(?WINDOW, self(), next_window),
    {noreply, Host};
handle_info(_Info, Host) ->
    {noreply, Host}.

new_window() ->
    counters:new(?BUCKETS, [write_concurrency]).

sent({#message{type = Type} = Message, State}) when Type =/= error ->
    count(messages_sent),
    At = integer_to_binary(erlang:system_time(microsecond)),
    Stamp = #xmlel{name = <<"sent">>, attrs = [{<<"xmlns">>, ?NS}, {<<"at">>, At}]},
    {_, Bare} = unstamped(Message),
    {xmpp:append_subtags(Bare, [Stamp]), State};
sent(Other) ->
    Other.

received({#message{type = error} = Message, State}) ->
    count(messages_failed),
    {_, Bare} = unstamped(Message),
    {Bare, State};
received({#message{} = Message, State}) ->
    count(messages_delivered),
    case unstamped(Message) of
        {none, Bare} ->
            {Bare, State};
        {At, Bare} ->
            took(erlang:system_time(microsecond) - At),
            {Bare, State}
    end;
received(Other) ->
    Other.

%% How long somebody was away is no measure of delivery.
put_away({Action, #message{} = Message}) ->
    {_, Bare} = unstamped(Message),
    {Action, Bare}.

stored({offlined, _} = Stored) ->
    count(messages_stored),
    Stored;
stored(Other) ->
    Other.

unstamped(#message{sub_els = Elements} = Message) ->
    case lists:partition(fun is_stamp/1, Elements) of
        {[], _} -> {none, Message};
        {[Stamp | _], Rest} -> {at(fxml:get_tag_attr_s(<<"at">>, Stamp)), Message#message{sub_els = Rest}}
    end.

is_stamp(#xmlel{name = <<"sent">>} = Element) -> fxml:get_tag_attr_s(<<"xmlns">>, Element) =:= ?NS;
is_stamp(_) -> false.

at(Text) ->
    try binary_to_integer(Text)
    catch error:badarg -> none
    end.

count(Name) ->
    {Counts, _, _} = persistent_term:get(?MODULE),
    counters:add(Counts, place(Name, ?COUNTS), 1).

place(Name, [Name | _]) -> 1;
place(Name, [_ | Names]) -> 1 + place(Name, Names).

%% Clocks of two machines may disagree by more than a message takes.
took(Microseconds) ->
    Milliseconds = max(0, Microseconds) div 1000,
    Bucket = if Milliseconds < 1000 -> Milliseconds + 1;
                true -> min(?BUCKETS, 1000 + Milliseconds div 1000)
             end,
    {_, Now, _} = persistent_term:get(?MODULE),
    counters:add(Now, Bucket, 1).

-spec vitals() -> [{atom(), integer()}].
vitals() ->
    {Counts, Now, Before} = persistent_term:get(?MODULE),
    [{run_queue, erlang:statistics(total_run_queue_lengths)},
     {longest_mailbox, longest_mailbox()},
     {processes, erlang:system_info(process_count)},
     {process_limit, erlang:system_info(process_limit)},
     {ports, erlang:system_info(port_count)},
     {port_limit, erlang:system_info(port_limit)},
     {memory_bytes, erlang:memory(total)},
     {connections, mod_admission:connections()},
     {connections_accepted, mod_admission:accepted()},
     {connections_refused, mod_admission:refused()}]
        ++ [{Name, counters:get(Counts, place(Name, ?COUNTS))} || Name <- ?COUNTS]
        ++ [{delivery_p99_ms, Milliseconds} || Milliseconds <- percentile_99(Now, Before)].

%% Of all processes: about a second for a million of them.
longest_mailbox() ->
    lists:foldl(fun(Pid, Longest) ->
                        case process_info(Pid, message_queue_len) of
                            {_, Length} -> max(Length, Longest);
                            undefined -> Longest
                        end
                end, 0, processes()).

%% Of this minute and the one before, the upper end of its bucket. Nothing when nothing was delivered.
percentile_99(Now, Before) ->
    Buckets = [counters:get(Now, N) + counters:get(Before, N) || N <- lists:seq(1, ?BUCKETS)],
    case lists:sum(Buckets) of
        0 -> [];
        All -> [upper(Buckets, 1, ceil(All * 0.99))]
    end.

upper([Count | _], Bucket, Left) when Count >= Left, Bucket =< 1000 -> Bucket;
upper([Count | _], Bucket, Left) when Count >= Left -> (Bucket - 999) * 1000;
upper([Count | Rest], Bucket, Left) -> upper(Rest, Bucket + 1, Left - Count).
