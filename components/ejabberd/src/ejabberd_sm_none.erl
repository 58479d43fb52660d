%% No sessions: a node that only keeps tables has no copy of the chat servers' (sm_db_type "none").
-module(ejabberd_sm_none).

-behaviour(ejabberd_sm).

-export([init/0, set_session/1, delete_session/1, get_sessions/0, get_sessions/1, get_sessions/2,
         use_cache/1]).

init() ->
    ok.

set_session(_Session) ->
    {error, notfound}.

delete_session(_Session) ->
    ok.

get_sessions() ->
    [].

get_sessions(_Server) ->
    [].

get_sessions(_User, _Server) ->
    {ok, []}.

use_cache(_Server) ->
    false.
