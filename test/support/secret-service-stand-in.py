"""A Secret Service that misbehaves on request, for what gnome-keyring cannot be made to do.

It follows the Secret Service API 0.2 (specifications.freedesktop.org/secret-service): its objects, methods and
errors, with one collection and plain sessions. The only argument is a JSON object:
  locked          the default collection is locked
  itemsLocked     existing items are listed as locked although the collection is not (KeePassXC's confirmation)
  promptToCreate  CreateItem answers with a prompt, as it may
  promptToDelete  Item.Delete answers with a prompt, as it may
  prompt          what becomes of a prompt: "accepted", "dismissed" or "ignored" (nobody answers)
  item            {service, username, secret} that exists from the start
  foreign         SearchItems finds an item with other attributes than asked for
  lossy           reports success for every write and keeps nothing
  crashOn, hangOn the member during which it ends or stays silent
  refuse          {member: D-Bus error name}
Prints "ready" once it owns its name, and "prompt" when it would ask the person.
"""

import json
import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

SERVICE = "org.freedesktop.Secret.Service"
COLLECTION = "org.freedesktop.Secret.Collection"
ITEM = "org.freedesktop.Secret.Item"
PROMPT = "org.freedesktop.Secret.Prompt"
PROPERTIES = "org.freedesktop.DBus.Properties"
ROOT = "/org/freedesktop/secrets"
DEFAULT = ROOT + "/collection/only"
NOTHING = dbus.ObjectPath("/")

options = json.loads(sys.argv[1])


class SecretError(dbus.DBusException):
    def __init__(self, name):
        super().__init__("on request", name=name)


def enter(member):
    """True when the member is to stay without an answer."""
    if options.get("crashOn") == member:
        os._exit(1)
    if member in options.get("refuse", {}):
        raise SecretError(options["refuse"][member])
    return options.get("hangOn") == member


def answer(member, reply, fail, work):
    try:
        if enter(member):
            return
        result = work()
    except SecretError as error:
        fail(error)
    else:
        reply(*result)


class Prompt(dbus.service.Object):
    count = 0

    def __init__(self, bus, action, refused):
        Prompt.count += 1
        self.path = dbus.ObjectPath(f"{ROOT}/prompt/p{Prompt.count}")
        self.action, self.refused = action, refused
        super().__init__(bus, self.path)

    @dbus.service.method(PROMPT, in_signature="s")
    def Prompt(self, window):
        print("prompt", flush=True)
        if options.get("prompt") == "accepted":
            self.Completed(False, self.action())
        elif options.get("prompt") == "dismissed":
            self.Completed(True, self.refused)

    @dbus.service.method(PROMPT)
    def Dismiss(self):
        self.Completed(True, self.refused)

    @dbus.service.signal(PROMPT, signature="bv")
    def Completed(self, dismissed, result):
        pass


class Item(dbus.service.Object):
    def __init__(self, collection, attributes, secret):
        collection.count += 1
        self.path = dbus.ObjectPath(f"{DEFAULT}/{collection.count}")
        self.collection, self.attributes, self.secret = collection, attributes, secret
        super().__init__(collection.bus, self.path)

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        attributes = dict(self.attributes)
        if options.get("foreign"):
            attributes["username"] = "somebody else"
        return {
            "Attributes": dbus.Dictionary(attributes, signature="ss"),
            "Locked": dbus.Boolean(self.collection.locked),
        }[name]

    @dbus.service.method(ITEM, in_signature="(oayays)", async_callbacks=("reply", "fail"))
    def SetSecret(self, secret, reply, fail):
        answer("SetSecret", reply, fail, lambda: self.keep(secret))

    def keep(self, secret):
        if not options.get("lossy"):
            self.secret = bytes(secret[2])
        return ()

    @dbus.service.method(ITEM, out_signature="o", async_callbacks=("reply", "fail"))
    def Delete(self, reply, fail):
        answer("Delete", reply, fail, self.delete)

    def delete(self):
        if options.get("promptToDelete"):
            return (Prompt(self.collection.bus, self.remove, "").path,)
        self.remove()
        return (NOTHING,)

    def remove(self):
        self.collection.items.remove(self)
        self.remove_from_connection()
        return ""


class Collection(dbus.service.Object):
    def __init__(self, bus):
        self.bus, self.items, self.count = bus, [], 0
        self.locked = bool(options.get("locked"))
        super().__init__(bus, DEFAULT)

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return {"Locked": dbus.Boolean(self.locked)}[name]

    @dbus.service.method(
        COLLECTION, in_signature="a{sv}(oayays)b", out_signature="oo", async_callbacks=("reply", "fail")
    )
    def CreateItem(self, properties, secret, replace, reply, fail):
        answer("CreateItem", reply, fail, lambda: self.create(properties, secret))

    def create(self, properties, secret):
        if self.locked:
            raise SecretError("org.freedesktop.Secret.Error.IsLocked")
        attributes = dict(properties[ITEM + ".Attributes"])
        if options.get("promptToCreate"):
            prompt = Prompt(self.bus, lambda: self.add(attributes, secret[2]), NOTHING)
            return (NOTHING, prompt.path)
        return (self.add(attributes, secret[2]), NOTHING)

    def add(self, attributes, secret):
        item = Item(self, attributes, bytes(secret))
        if not options.get("lossy"):
            self.items.append(item)
        return item.path


class Service(dbus.service.Object):
    def __init__(self, bus):
        self.bus, self.collection = bus, Collection(bus)
        super().__init__(bus, ROOT)

    @dbus.service.method(
        SERVICE, in_signature="sv", out_signature="vo", async_callbacks=("reply", "fail")
    )
    def OpenSession(self, algorithm, given, reply, fail):
        answer("OpenSession", reply, fail, lambda: self.session(algorithm))

    def session(self, algorithm):
        if algorithm != "plain":
            raise SecretError("org.freedesktop.DBus.Error.NotSupported")
        return ("", dbus.ObjectPath(ROOT + "/session/s1"))

    @dbus.service.method(
        SERVICE, in_signature="s", out_signature="o", async_callbacks=("reply", "fail")
    )
    def ReadAlias(self, name, reply, fail):
        answer("ReadAlias", reply, fail, lambda: (dbus.ObjectPath(DEFAULT),))

    @dbus.service.method(
        SERVICE, in_signature="a{ss}", out_signature="aoao", async_callbacks=("reply", "fail")
    )
    def SearchItems(self, attributes, reply, fail):
        answer("SearchItems", reply, fail, lambda: self.search(attributes))

    def search(self, attributes):
        found = [
            item.path
            for item in self.collection.items
            if all(item.attributes.get(name) == value for name, value in attributes.items())
        ]
        nothing = dbus.Array([], signature="o")
        listed = dbus.Array(found, signature="o")
        hidden = self.collection.locked or options.get("itemsLocked")
        return (nothing, listed) if hidden else (listed, nothing)

    @dbus.service.method(
        SERVICE, in_signature="aoo", out_signature="a{o(oayays)}", async_callbacks=("reply", "fail")
    )
    def GetSecrets(self, paths, session, reply, fail):
        answer("GetSecrets", reply, fail, lambda: self.secrets(paths, session))

    def secrets(self, paths, session):
        result = dbus.Dictionary(signature="o(oayays)")
        for item in self.collection.items:
            if item.path in paths and not self.collection.locked:
                value = dbus.ByteArray(item.secret)
                result[item.path] = (session, dbus.ByteArray(b""), value, "text/plain")
        return (result,)

    @dbus.service.method(
        SERVICE, in_signature="ao", out_signature="aoo", async_callbacks=("reply", "fail")
    )
    def Unlock(self, paths, reply, fail):
        answer("Unlock", reply, fail, lambda: self.unlock(paths))

    def unlock(self, paths):
        if not self.collection.locked:
            return (dbus.Array(paths, signature="o"), NOTHING)
        nothing = dbus.Array([], signature="o")
        prompt = Prompt(self.bus, lambda: self.open(paths), nothing)
        return (nothing, prompt.path)

    def open(self, paths):
        self.collection.locked = False
        return dbus.Array(paths, signature="o")


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
session_bus = dbus.SessionBus()
service = Service(session_bus)
if "item" in options:
    existing = options["item"]
    attributes = {"service": existing["service"], "username": existing["username"]}
    service.collection.items.append(
        Item(service.collection, attributes, existing["secret"].encode())
    )
name = dbus.service.BusName("org.freedesktop.secrets", session_bus, do_not_queue=True)
print("ready", flush=True)
GLib.MainLoop().run()
