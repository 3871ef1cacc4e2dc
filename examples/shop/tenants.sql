-- As shop_dba: three shops from one template. psql variable: template holds the script.
SELECT tenancy.register_template('shop', :'template');
SELECT tenancy.create('acme', template => 'shop', domain => 'acme.shop.localhost');
SELECT tenancy.create('globex', template => 'shop', domain => 'globex.shop.localhost');
SELECT tenancy.create('initech', template => 'shop', domain => 'orders.initech.example');
SELECT tenancy.grant_login('shop_app', '*');
