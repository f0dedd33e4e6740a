import Auth0Lock from "auth0-lock";
window.Auth0Lock = Auth0Lock;
